/** A file that is not written in UTF-8. The message says in what. */
export class WrongEncoding extends Error {
  override readonly name = 'WrongEncoding';
  /** The text as far as it can be read all the same, to look for other problems. */
  readonly text: string;

  constructor(encoding: string, text: string) {
    super(`is written in ${encoding}; save it as UTF-8`);
    this.text = text;
  }
}

/**
 * Reads the bytes of a text file in UTF-8, with or without a byte order mark.
 *
 * @throws WrongEncoding for UTF-16, which editors of Windows write
 */
export function decodeText(bytes: Uint8Array): string {
  const [first, second] = bytes;
  const isLittle = (first === 0xff && second === 0xfe) || (first !== 0 && second === 0);
  const isBig = (first === 0xfe && second === 0xff) || (first === 0 && second !== 0 && bytes.length > 1);
  if (!isLittle && !isBig) return new TextDecoder().decode(bytes);
  throw new WrongEncoding('UTF-16', new TextDecoder(isLittle ? 'utf-16le' : 'utf-16be').decode(bytes));
}
