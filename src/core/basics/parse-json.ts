/**
 * Parses JSON from outside.
 *
 * @returns the value, or `undefined` if the text is no JSON. No JSON text has that value.
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
