/**
 * What may be said of an error: its name, its code and where in the code it arose. Never its message, which can
 * quote a token, an endpoint or a key.
 */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  const frame = (error.stack ?? '').split('\n').find((line) => /^\s+at /.test(line));
  const where = frame?.replace(/^\s+at (?:.*[/\\])?/, ' at ').replace(/\)$/, '') ?? '';
  const cause = error.cause === undefined ? '' : `, caused by ${describeError(error.cause)}`;
  return `${error.name}${typeof code === 'string' ? ` ${code}` : ''}${where}${cause}`;
}
