import type { EngineArgument } from './engine.ts';

export interface Command {
  /** In capital letters. */
  readonly name: string;
  readonly args: readonly EngineArgument[];
}

/** The bytes of commands, as the engine reads them (RESP 2). */
export function encodeCommands(commands: readonly Command[]): Buffer {
  const parts: (string | Buffer)[] = [];
  let text = '';
  let length = 0;
  const endText = (): void => {
    parts.push(text);
    length += Buffer.byteLength(text);
    text = '';
  };
  for (const { args, name } of commands) {
    text += `*${args.length + 1}\r\n$${name.length}\r\n${name}\r\n`;
    for (const arg of args) {
      if (typeof arg === 'object') {
        text += `$${arg.length}\r\n`;
        endText();
        parts.push(arg);
        length += arg.length;
        text = '\r\n';
      } else {
        const word = String(arg);
        text += `$${Buffer.byteLength(word)}\r\n${word}\r\n`;
      }
    }
  }
  endText();
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const part of parts) at += typeof part === 'string' ? bytes.write(part, at) : part.copy(bytes, at);
  return bytes;
}
