import { ID_WORDS } from '../wire/event-id.ts';

const FIRST_CAPACITY = 64;
const ID_BYTES = 4 * ID_WORDS;

/** A list of event ids in a typed array: half a million take 16 MB. */
export class EventIds {
  #words = new Uint32Array(FIRST_CAPACITY * ID_WORDS);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** @param words the id, as `readEventId` gives it */
  push(words: Uint32Array): void {
    const at = this.#count * ID_WORDS;
    if (at === this.#words.length) this.#grow();
    for (let n = 0; n < ID_WORDS; n++) this.#words[at + n] = words[n] as number;
    this.#count++;
  }

  /** Reads the n-th id. */
  read(n: number, words: Uint32Array): void {
    for (let word = 0; word < ID_WORDS; word++) words[word] = this.#words[n * ID_WORDS + word] as number;
  }

  /** The n-th id, in hexadecimal digits. */
  text(n: number): string {
    const bytes = Buffer.allocUnsafe(ID_BYTES);
    for (let word = 0; word < ID_WORDS; word++)
      bytes.writeUInt32LE(this.#words[n * ID_WORDS + word] as number, 4 * word);
    return bytes.toString('hex');
  }

  #grow(): void {
    const words = new Uint32Array(2 * this.#words.length);
    words.set(this.#words);
    this.#words = words;
  }
}
