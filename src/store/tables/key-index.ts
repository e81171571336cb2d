import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { KEY_WORDS, readKeyAt, readWords } from './hex-words.ts';
import { randomHash } from './random-hash.ts';
import { RowIndex } from './row-index.ts';
import { type Column, NO_ROW } from './rows.ts';

/** Finds rows by their trade pubkey. A look-up allocates nothing: every frame of every relay pays for one. */
export class KeyIndex {
  readonly #keys: Column<Uint32Array>;
  readonly #hash = randomHash(KEY_WORDS);
  readonly #sought = new Uint32Array(KEY_WORDS);
  /** The key in `#sought`, where it came as a text: a key that is added has just been looked for. */
  #soughtKey: TradePubkey | undefined;
  readonly #index: RowIndex;

  /** @param keys the trade pubkeys of the rows, {@link KEY_WORDS} words each */
  constructor(keys: Column<Uint32Array>) {
    this.#keys = keys;
    this.#index = new RowIndex({
      hashOf: (row) => this.#hash(keys.chunk(row), keys.at(row)),
      isSought: (row) => this.#isSought(row),
    });
  }

  find(tradePubkey: TradePubkey): number {
    this.#seek(tradePubkey);
    return this.#index.find(this.#hash(this.#sought, 0));
  }

  /** The row of the key that stands as 64 hex digits in a text; none where no such digits stand. */
  findAt(text: Uint8Array, from: number): number {
    this.#soughtKey = undefined;
    return readKeyAt(text, from, this.#sought) ? this.#index.find(this.#hash(this.#sought, 0)) : NO_ROW;
  }

  /**
   * What a look-up that has just found nothing looks at instead, so that "unknown" takes as long as "not yours" (contract 1.3):
   * some row, from 0 to the last, compared with what was sought as the one that is found is.
   */
  decoy(last: number): number {
    const row = (this.#sought[0] as number) % (last + 1);
    return this.#isSought(row) ? NO_ROW : row;
  }

  /** Gives a row its key, which no other has. */
  add(tradePubkey: TradePubkey, row: number): void {
    this.#seek(tradePubkey);
    this.#keys.chunk(row).set(this.#sought, this.#keys.at(row));
    this.#index.add(this.#hash(this.#sought, 0), row);
  }

  remove(row: number): void {
    const at = this.#keys.at(row);
    this.#soughtKey = undefined;
    this.#sought.set(this.#keys.chunk(row).subarray(at, at + KEY_WORDS));
    this.#index.remove(this.#hash(this.#sought, 0));
  }

  #seek(tradePubkey: TradePubkey): void {
    if (tradePubkey === this.#soughtKey) return;
    readWords(tradePubkey, this.#sought, 0, KEY_WORDS);
    this.#soughtKey = tradePubkey;
  }

  #isSought(row: number): boolean {
    const words = this.#keys.chunk(row);
    const at = this.#keys.at(row);
    let difference = 0;
    for (let word = 0; word < KEY_WORDS; word++)
      difference |= (words[at + word] as number) ^ (this.#sought[word] as number);
    return difference === 0;
  }
}
