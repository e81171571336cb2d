const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** Deeper nesting than any event has is left to `JSON.parse`. */
const MAX_DEPTH = 16;

/** Walks over JSON text in a buffer without building values. Every step says whether it found what it was asked for. */
export class JsonCursor {
  readonly bytes: Buffer;
  position = 0;
  /** Where the text of the last plain string stands: fields, for an object would be made for every name and value. */
  start = 0;
  end = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  /** Skips white space and returns where the next token begins. */
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

  /** Takes a string without escapes and notes where its text stands; with escapes or control characters, nothing. */
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
      // Only ASCII: names, ids and keys are nothing else, and so bytes are characters.
      if (byte === BACKSLASH || byte < 0x20 || byte > 0x7e) return false;
    }
    return false;
  }

  /** Whether the last plain string is this one, of ASCII. */
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

  plainString(): string | undefined {
    return this.takePlain() ? this.text() : undefined;
  }

  /** Takes a string of any content, unread: ends at the first quote that an even number of backslashes precedes. */
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

  /** Takes a number of so many plain digits at the most, without a leading zero. */
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
    // What follows must end the number: `1e3`, `1.5` and longer numbers are for JSON.parse.
    const next = bytes[this.mark()];
    return next === 0x2c || next === 0x7d ? value : undefined;
  }

  /** Takes any value, unread. */
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

  /** A number, `true`, `false` or `null`: which of them does not matter to anyone who skips it. */
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
