/** One line of a source file, and the same line with one mistake. */
export interface LineBreak {
  /** Counted from 1. */
  readonly line: number;
  readonly whole: string;
  readonly broken: string;
}

/** Patterns of code, each with the mistake that replaces a match. */
const SWAPS: readonly (readonly [RegExp, string | ((found: string) => string)])[] = [
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/ \/ /g, ' * '],
  [/ \+= /g, ' -= '],
  [/ -= /g, ' += '],
  [/\+\+/g, '--'],
  [/(?<!-)--(?!-)/g, '++'],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/Math\.max\(/g, 'Math.min('],
  [/Math\.min\(/g, 'Math.max('],
  [/\.some\(/g, '.every('],
  [/\.every\(/g, '.some('],
  [/(?<![\w.#$])\d[\d_]*(?![\w.])/g, otherNumber],
];

/** A statement on one line that can be left out: a call, an assignment, or a condition with its consequence. */
const STATEMENTS = [
  /^(?:void |await )?(?!(?:super|return|throw)\b)[\w.#?!]+(?:\[[^\]]*\])?(?:[\w.#?!]*)\(.*\);$/,
  /^[\w.#]+(?:\[[^\]]*\])? (?:[-+*|&^]|\|\||&&|\?\?)?= .*;$/,
  /^if \(.*\) (?:return|continue|break|throw|[\w.#]+\().*;$/,
];

/** The mistakes for each line that can have one. Comments, texts, imports and types are left alone. */
export function lineBreaksOf(source: string): LineBreak[][] {
  const lines = source.split('\n');
  const code = withoutTexts(source).split('\n');
  const typed = linesOfTypes(code);
  return code
    .map((masked, index) => (typed.has(index) ? [] : breaksOfLine(lines[index] as string, masked, index + 1)))
    .filter((breaks) => breaks.length > 0);
}

function breaksOfLine(whole: string, masked: string, line: number): LineBreak[] {
  const found: string[] = [];
  for (const [pattern, mistake] of SWAPS) {
    for (const { 0: text, index } of masked.matchAll(pattern)) {
      const wrong = typeof mistake === 'string' ? mistake : mistake(text);
      found.push(whole.slice(0, index) + wrong + whole.slice(index + text.length));
    }
  }
  const condition = conditionIn(masked);
  if (condition !== undefined) {
    const [from, to] = condition;
    found.push(`${whole.slice(0, from)}!(${whole.slice(from, to)})${whole.slice(to)}`);
  }
  const statement = masked.trim();
  if (STATEMENTS.some((pattern) => pattern.test(statement)) && isBalanced(statement)) found.push('');
  return found.map((broken) => ({ line, whole, broken }));
}

/** Where the condition of an `if` or `while` begins and ends; `undefined` if the line does not have all of it. */
function conditionIn(masked: string): [number, number] | undefined {
  const start = /\b(?:if|while) \(/.exec(masked);
  if (start === null) return undefined;
  const from = start.index + start[0].length;
  let depth = 1;
  for (let at = from; at < masked.length; at++) {
    if (masked[at] === '(') depth++;
    if (masked[at] === ')' && --depth === 0) return [from, at];
  }
  return undefined;
}

function isBalanced(code: string): boolean {
  let depth = 0;
  for (const character of code) {
    if ('([{'.includes(character)) depth++;
    if (')]}'.includes(character)) depth--;
  }
  return depth === 0;
}

/** The lines of imports, interfaces and type aliases, counted from 0. */
function linesOfTypes(code: readonly string[]): Set<number> {
  const typed = new Set<number>();
  let depth: number | undefined;
  code.forEach((line, index) => {
    if (depth === undefined) {
      if (!/^(?:export )?(?:import|interface|type|declare)\b|^export (?:\{|\*)/.test(line)) return;
      depth = 0;
    }
    typed.add(index);
    for (const character of line) {
      if ('([{'.includes(character)) depth++;
      if (')]}'.includes(character)) depth--;
    }
    if (depth === 0 && /[;}]\s*$/.test(line)) depth = undefined;
  });
  return typed;
}

/** The source with `_` in place of each character of comments, strings, templates and regular expressions. */
function withoutTexts(source: string): string {
  const texts =
    /\/\/[^\n]*|\/\*[\s\S]*?\*\/|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\[\s\S]|[^`\\])*`|(?<=[(,=:[!&|?{};]\s*|return )\/(?![*/])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n])+\//g;
  return source.replaceAll(texts, (text) => text.replaceAll(/[^\n]/g, '_'));
}

/** A wrong number: one more for a small number, such as a count or an index; the double for a greater one, such as a limit. */
function otherNumber(digits: string): string {
  const value = Number(digits.replaceAll('_', ''));
  return String(value < 10 ? value + 1 : value * 2);
}
