/** What a `.env` file says. */
export interface DotEnv {
  readonly variables: Readonly<Record<string, string>>;
  /** Sentences about lines that are probably not meant as they are written. They quote no value. */
  readonly notes: readonly string[];
}

/** A name and the rest of its line. `export` comes from files that a shell reads too. */
const ASSIGNMENT = /^\s*(?:export\s+)?([A-Za-z_][\w.-]*)\s*=\s*(.*)$/;
/** As in a shell, a comment needs a space before its `#`: a URL and a password may have one inside. */
const COMMENT = /(?:^|\s)#.*$/;
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r' };

/**
 * Reads a `.env` file: `NAME=value` lines, comments, and values in quotation marks, which may go over several lines. Between double
 * quotation marks `\n` is a line end.
 *
 * @param isKnown whether a name is one of the program's variables. A quoted value does not go over a line that sets one: its quotation
 *   mark was forgotten, and the value keeps the lone mark
 */
export function parseDotEnv(text: string, isKnown: (name: string) => boolean): DotEnv {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const variables: Record<string, string> = {};
  const notes: string[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [, name, rest = ''] = ASSIGNMENT.exec(line) ?? [];
    if (name === undefined) {
      notes.push(`line ${at + 1} of .env is not of the form NAME=value, and counts as nothing`);
      continue;
    }
    const quoted = readQuoted(rest, lines.slice(at + 1, endOfValue(lines, at + 1, isKnown)));
    const value = quoted?.value ?? rest.replace(COMMENT, '').trim();
    if (variables[name] !== undefined && variables[name] !== value)
      notes.push(`${name} stands in .env more than once; the last one counts`);
    variables[name] = value;
    at += quoted?.furtherLines ?? 0;
  }
  return { variables, notes };
}

/** The first line, from this one on, that sets a variable of the program. */
function endOfValue(lines: readonly string[], from: number, isKnown: (name: string) => boolean): number {
  const found = lines.findIndex((line, at) => at >= from && isKnown(ASSIGNMENT.exec(line)?.[1] ?? ''));
  return found === -1 ? lines.length : found;
}

/** @returns the value between quotation marks, and over how many further lines it goes; `undefined` if the text is no such value */
function readQuoted(
  rest: string,
  further: readonly string[],
): { readonly value: string; readonly furtherLines: number } | undefined {
  const mark = /^["'`]/.exec(rest)?.[0];
  if (mark === undefined) return undefined;
  const joined = [rest, ...further].join('\n');
  const pattern = mark === '"' ? /^"((?:[^"\\]|\\[^])*)"/ : new RegExp(`^${mark}([^${mark}]*)${mark}`);
  const [whole, inner] = pattern.exec(joined) ?? [];
  if (whole === undefined || inner === undefined) return undefined;
  // Behind the value is at most a comment. If anything else is there, the marks belong to the value.
  if (!/^[^\S\n]*(?:#|\n|$)/.test(joined.slice(whole.length))) return undefined;
  const value =
    mark === '"'
      ? inner.replaceAll(/\\([\\"nr])/g, (_, escaped: string) => ESCAPES[escaped] ?? escaped)
      : inner;
  return { value, furtherLines: whole.split('\n').length - 1 };
}
