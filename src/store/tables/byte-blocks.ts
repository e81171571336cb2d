import { Column, NO_ROW, RowNumbers } from './rows.ts';

/** Room for an FCM token of today, packed: 142 to 163 characters. What is longer goes on in further blocks. */
const BLOCK_BYTES = 124;

/**
 * Bytes of any length in blocks of one size, each naming the one that it goes on in. What is freed is good for whatever comes
 * next, however long: nothing can be left that fits nobody.
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

  /** The first so many of the bytes that begin in this block: a view of them where they are, or a copy if they go on. */
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

  /** Whether what begins in this block begins with these bytes; it must not be shorter. */
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
