/**
 * Parses JSON that somebody else wrote.
 *
 * @returns the value, or `undefined`, which no JSON means, when the text is none
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
