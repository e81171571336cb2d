/** At most so many causes are described, since causes can form a circle. */
const MAX_CAUSES = 3;

/**
 * Describes an error for the log: its name, its code and the line of code that it came from. Its message is left out, since a message can
 * quote a token, an endpoint or a key.
 */
export function describeError(error: unknown, causes = MAX_CAUSES): string {
  if (!(error instanceof Error)) return typeof error;
  const code = (error as { code?: unknown }).code;
  const cause =
    error.cause === undefined || causes === 0 ? '' : `, caused by ${describeError(error.cause, causes - 1)}`;
  return `${error.name}${typeof code === 'string' ? ` ${code}` : ''}${origin(error)}${cause}`;
}

/** File, line and column of the first stack frame. A stack begins with the message, which is cut off first. */
function origin({ message, stack = '' }: Error): string {
  const end = stack.indexOf(message);
  if (end === -1) return '';
  const frame = /^\s+at (?:.*[/\\])?(.+?)\)?$/m.exec(stack.slice(end + message.length));
  return frame === null ? '' : ` at ${frame[1]}`;
}
