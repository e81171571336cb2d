import { Column, NO_ROW, RowNumbers } from './rows.ts';

/** Room for a packed FCM token of today (142 to 163 characters). Longer bytes take several blocks. */
const BLOCK_BYTES = 124;

/**
 * Byte strings of any length, in chains of blocks of 124 bytes; a column has the next block of each. Since all blocks have one
 * size, every freed block can be used again: memory does not fragment. The number of a string's first block names the string.
 * The length is not stored: the caller knows it.
 */
export class ByteBlocks {
  readonly #numbers = new RowNumbers();
  readonly #bytes = new Column((length) => Buffer.alloc(length), BLOCK_BYTES);
  readonly #further = new Column((length) => new Int32Array(length));

  /** The highest block that was ever in use. */
  get last(): number {
    return this.#numbers.last;
  }

  /** @returns the first block */
  write(bytes: Buffer): number {
    const first = this.#take();
    this.#fill(first, bytes);
    return first;
  }

  /** The first `length` bytes of a string: a view of its block, or a copy if they lie in several blocks. A view changes when the block is used again. */
  read(first: number, length: number): Buffer {
    const at = this.#bytes.at(first);
    if (length <= BLOCK_BYTES) return this.#bytes.chunk(first).subarray(at, at + length);
    const bytes = Buffer.allocUnsafe(length);
    let block = first;
    for (let from = 0; from < length; from += BLOCK_BYTES) {
      const start = this.#bytes.at(block);
      this.#bytes.chunk(block).copy(bytes, from, start, start + Math.min(BLOCK_BYTES, length - from));
      block = this.#further.get(block);
    }
    return bytes;
  }

  /** Whether a string begins with these bytes. The string must not be shorter than they are. */
  beginWith(first: number, bytes: Buffer): boolean {
    let block = first;
    for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
      const end = Math.min(bytes.length, from + BLOCK_BYTES);
      const at = this.#bytes.at(block);
      if (this.#bytes.chunk(block).compare(bytes, from, end, at, at + end - from) !== 0) return false;
      block = this.#further.get(block);
    }
    return true;
  }

  free(first: number): void {
    this.#freeFrom(first);
  }

  #fill(first: number, bytes: Buffer): void {
    let block = first;
    for (let from = 0; ; from += BLOCK_BYTES) {
      bytes.copy(this.#bytes.chunk(block), this.#bytes.at(block), from, from + BLOCK_BYTES);
      if (from + BLOCK_BYTES >= bytes.length) return this.#further.set(block, NO_ROW);
      const next = this.#take();
      this.#further.set(block, next);
      block = next;
    }
  }

  #take(): number {
    const block = this.#numbers.take();
    this.#bytes.reach(block);
    this.#further.reach(block);
    return block;
  }

  #freeFrom(first: number): void {
    for (let block = first; block !== NO_ROW;) {
      const next = this.#further.get(block);
      this.#numbers.giveBack(block);
      block = next;
    }
  }
}
