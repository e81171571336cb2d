import type { JsonCursor } from './json-cursor.ts';

/** A relay speaks of one subscription for each kind, of one that is catching up, and for a while of some that are closed. */
const REMEMBERED = 4;
/** Our own subscriptions have 16 characters. A longer text is made anew every time: a relay must not fill our memory with it. */
const MOST_CHARACTERS = 64;

interface Known {
  readonly bytes: Buffer;
  readonly text: string;
}

/** Strings that come again and again: the same object each time, made and hashed once. */
export class KnownTexts {
  readonly #known: Known[] = [];

  /** The plain string that the cursor has just taken. */
  read(cursor: JsonCursor): string {
    for (const { bytes, text } of this.#known) if (cursor.isText(bytes)) return text;
    const text = cursor.text();
    if (text.length > MOST_CHARACTERS) return text;
    this.#known.unshift({ bytes: Buffer.from(text, 'latin1'), text });
    if (this.#known.length > REMEMBERED) this.#known.pop();
    return text;
  }
}
