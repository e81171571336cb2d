import type { JsonCursor } from './json-cursor.ts';

/** A relay names one live subscription for each kind, one of a recovery, and for a while some that are closed. */
const REMEMBERED = 4;
/** A longer text is not remembered, so that a relay cannot fill our memory. Our own subscription ids have 16 characters. */
const MOST_CHARACTERS = 64;

interface Known {
  readonly bytes: Buffer;
  readonly text: string;
}

/** Remembers the texts that a relay repeats in every frame, so that a string is made and hashed once and not for every frame. */
export class KnownTexts {
  readonly #known: Known[] = [];

  /** @returns the plain string that the cursor has just taken */
  read(cursor: JsonCursor): string {
    for (const { bytes, text } of this.#known) if (cursor.isText(bytes)) return text;
    const text = cursor.text();
    if (text.length > MOST_CHARACTERS) return text;
    this.#known.unshift({ bytes: Buffer.from(text, 'latin1'), text });
    if (this.#known.length > REMEMBERED) this.#known.pop();
    return text;
  }
}
