const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** A value that is nested deeper is left to `JSON.parse`. No event is nested so deeply. */
const MAX_DEPTH = 16;

/**
 * A reading position in JSON text. Its methods move over one token or value and build nothing. A method returns false (or
 * `undefined`) if the text at the position is something else.
 */
export class JsonCursor {
  readonly bytes: Buffer;
  position = 0;
  /** Where the text of the last plain string starts and ends. Fields, because an object for every string would cost time. */
  start = 0;
  end = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Skips white space. @returns where the next token begins */
  mark(): number {
    const { bytes } = this;
    let byte = bytes[this.position] as number;
    // Most JSON has no white space between its tokens.
    if (byte > 0x20) return this.position;
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09)
      byte = bytes[++this.position] as number;
    return this.position;
  }

  atEnd(): boolean {
    return this.mark() === this.bytes.length;
  }

  /** Takes one punctuation mark. */
  take(byte: number): boolean {
    const at = this.mark();
    if (this.bytes[at] !== byte) return false;
    this.position = at + 1;
    return true;
  }

  takeBytes(expected: Uint8Array): boolean {
    const start = this.mark();
    for (let at = 0; at < expected.length; at++) if (this.bytes[start + at] !== expected[at]) return false;
    this.position = start + expected.length;
    return true;
  }

  /** Takes a string of printable ASCII without escapes, and notes its place in `start` and `end`. */
  takePlain(): boolean {
    if (!this.take(QUOTE)) return false;
    const start = this.position;
    const { bytes } = this;
    for (let at = start; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte === QUOTE) {
        this.position = at + 1;
        this.start = start;
        this.end = at;
        return true;
      }
      // Names, ids and keys are ASCII. In ASCII a byte is a character.
      if (byte === BACKSLASH || byte < 0x20 || byte > 0x7e) return false;
    }
    return false;
  }

  /** Whether the last plain string is this ASCII text. */
  isText(text: Uint8Array): boolean {
    const { bytes, end, start } = this;
    if (end - start !== text.length) return false;
    for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text[at]) return false;
    return true;
  }

  /** The text of the last plain string. */
  text(): string {
    return this.bytes.toString('latin1', this.start, this.end);
  }

  /** Takes any string without reading it. It ends at the first quote with an even number of backslashes before it. */
  skipString(): boolean {
    if (!this.take(QUOTE)) return false;
    const { bytes } = this;
    let from = this.position;
    for (;;) {
      const quote = bytes.indexOf(QUOTE, from);
      if (quote === -1) return false;
      let before = quote - 1;
      while (before >= this.position && bytes[before] === BACKSLASH) before--;
      if ((quote - 1 - before) % 2 === 0) {
        this.position = quote + 1;
        return true;
      }
      from = quote + 1;
    }
  }

  /** Takes a whole number of plain digits without a leading zero. @param most the most digits that it may have */
  digits(most: number): number | undefined {
    const start = this.mark();
    const { bytes } = this;
    let value = 0;
    let at = start;
    for (; at - start < most; at++) {
      const digit = (bytes[at] as number) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (at === start || (bytes[start] === 0x30 && at - start > 1)) return undefined;
    this.position = at;
    // The next byte must end the number: `1e3`, `1.5` and longer numbers are left to JSON.parse.
    const next = bytes[this.mark()];
    return next === 0x2c || next === 0x7d ? value : undefined;
  }

  /** Takes any value without reading it. */
  skipValue(depth = 0): boolean {
    const first = this.bytes[this.mark()];
    if (first === QUOTE) return this.skipString();
    if (first === 0x5b) return this.#skipMembers(0x5b, 0x5d, depth, false);
    if (first === 0x7b) return this.#skipMembers(0x7b, 0x7d, depth, true);
    return this.#skipLiteral();
  }

  #skipMembers(open: number, close: number, depth: number, named: boolean): boolean {
    if (depth === MAX_DEPTH || !this.take(open)) return false;
    if (this.take(close)) return true;
    do {
      if (named && !(this.skipString() && this.take(0x3a))) return false;
      if (!this.skipValue(depth + 1)) return false;
    } while (this.take(0x2c));
    return this.take(close);
  }

  /** Skips a number, `true`, `false` or `null`, or anything that is written with the same characters. */
  #skipLiteral(): boolean {
    const start = this.position;
    const { bytes } = this;
    for (let byte = bytes[this.position]; isLiteral(byte); byte = bytes[++this.position]);
    return this.position > start;
  }
}

function isLiteral(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  );
}
