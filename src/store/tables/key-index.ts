import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { KEY_WORDS, readKeyAt, readWords } from './hex-words.ts';
import { randomHash } from './random-hash.ts';
import { RowIndex } from './row-index.ts';
import { type Column, NO_ROW } from './rows.ts';

/** Finds the row of a trade pubkey. A look-up allocates nothing, since every `p` tag of every relay's frames causes one. */
export class KeyIndex {
  readonly #keys: Column<Uint32Array>;
  readonly #hash = randomHash(KEY_WORDS);
  readonly #sought = new Uint32Array(KEY_WORDS);
  /** The key whose words are in `#sought`. `add` follows a `find` of the same key, and need not convert it again. */
  #soughtKey: TradePubkey | undefined;
  readonly #index: RowIndex;

  /** @param keys the column of the trade pubkeys, {@link KEY_WORDS} words a row, which `add` writes */
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

  /** The row of the key whose 64 hex digits begin at `from` in a frame; {@link NO_ROW} also if no such digits are there. */
  findAt(text: Uint8Array, from: number): number {
    this.#soughtKey = undefined;
    return readKeyAt(text, from, this.#sought) ? this.#index.find(this.#hash(this.#sought, 0)) : NO_ROW;
  }

  /**
   * A row to read after a look-up that found nothing, from 0 to `last`. It is compared with the sought key, as a found row is. So the
   * answer "unknown" takes as long as the answer "not yours" (contract 1.3).
   */
  decoy(last: number): number {
    const row = (this.#sought[0] as number) % (last + 1);
    return this.#isSought(row) ? NO_ROW : row;
  }

  /** Gives a row its key. No other row has it. */
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
