/** Characters that nobody sees: zero-width ones, marks of direction, the byte order mark. */
const INVISIBLE = '\u00AD\u200B-\u200F\u202A-\u202E\u2060-\u2064\uFEFF';
const EDGE = new RegExp(`^[\\s${INVISIBLE}]+|[\\s${INVISIBLE}]+$`, 'gu');

/** Characters that no value has, and what to call them. */
const NEVER_MEANT: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`[${INVISIBLE}]`, 'u'), 'an invisible character'],
  [/[\u00A0\u2000-\u200A\u202F\u205F\u3000]/u, 'a space that is not the plain one'],
  // eslint-disable-next-line no-control-regex
  [/[\0-\u0008\u000B\u000C\u000E-\u001F\u007F-\u009F]/u, 'a control character'],
  [/\uFFFD/u, 'bytes that are not UTF-8'],
];

/** Characters that only a text for people, or a path, may have. */
const NOT_PLAIN: readonly (readonly [RegExp, string])[] = [
  [/[\uFF01-\uFF5E]/u, 'a full-width character'],
  [/[\u2018-\u201F\u00AB\u00BB\u2032\u2033]/u, 'a typographic quotation mark'],
  [/[\u2010-\u2015\u2212]/u, 'a typographic dash'],
  [/(?![0-9])\p{Nd}/u, 'a digit of another script'],
];

/**
 * The value of a variable without what other tools leave around it: white space, invisible characters, and the quotation marks that
 * Docker's `--env-file` keeps.
 */
export function unwrap(written: string): string {
  const text = written.replaceAll(EDGE, '');
  const [, mark = '', inner] = /^(["'`])([^]*)\1$/.exec(text) ?? [];
  return inner === undefined || inner.includes(mark) ? text : inner.replaceAll(EDGE, '');
}

/**
 * Names what is wrong with the characters of a value, whatever its variable expects. The value may be a secret, so nothing of it is
 * quoted but the character in question.
 *
 * @param form `list`: any white space may separate its members; `path`: it may have any letters
 */
export function troubleIn(text: string, form: 'plain' | 'list' | 'path'): string | undefined {
  const judged = form === 'list' ? text.replaceAll(/\s/g, ' ') : text;
  for (const [pattern, what] of form === 'path' ? NEVER_MEANT : [...NEVER_MEANT, ...NOT_PLAIN]) {
    const found = pattern.exec(judged);
    if (found !== null) return `it has ${what} (${codeOf(found[0])}) at position ${found.index + 1}`;
  }
  return hasLoneMark(judged) ? 'a quotation mark of it has no other one' : undefined;
}

function codeOf(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Whether a value begins or ends with a quotation mark that is there only once. */
function hasLoneMark(text: string): boolean {
  return [text.at(0), text.at(-1)].some(
    (mark) => mark !== undefined && /["'`]/.test(mark) && text.split(mark).length === 2,
  );
}
