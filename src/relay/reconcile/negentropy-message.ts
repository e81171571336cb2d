import { ID_WORDS } from '../wire/event-id.ts';
import { writeVarint } from './id-sum.ts';

/** Negentropy, protocol version 1. */
const VERSION = 0x61;
const [SKIP, FINGERPRINT, LIST] = [0, 1, 2];
const FINGERPRINT_BYTES = 16;
const ID_BYTES = 4 * ID_WORDS;
/** The most bytes that a bound takes: a time of nine digits, a length, and an id. */
const BOUND_BYTES = 10 + ID_BYTES;
/** The most bytes that one more range takes, with the skipped range before it. */
const RANGE_BYTES = 2 * (BOUND_BYTES + 1) + FINGERPRINT_BYTES;

/** Where a range ends. Events are in the order of their times, and events of one time in the order of their ids. */
export interface Bound {
  /** Unix seconds; infinite for the end of all times. */
  readonly second: number;
  /** The first bytes of an id. The range ends before the first id that is not smaller than these. */
  readonly prefix: Uint8Array;
}

const NO_PREFIX = new Uint8Array(0);

/** The bound before the first event of a second. */
export function boundAt(second: number): Bound {
  return { second, prefix: NO_PREFIX };
}

/** Negative if `one` is before `other`; 0 if they are the same. */
export function compareBounds(one: Bound, other: Bound): number {
  if (one.second !== other.second) return one.second < other.second ? -1 : 1;
  return Buffer.compare(one.prefix, other.prefix);
}

/** A range of a relay's answer. A range that the relay skips has the same events on both sides, or was not asked about. */
export interface AnsweredRange {
  readonly from: Bound;
  readonly to: Bound;
  /** The ids that the relay has in the range, 32 bytes each. Absent if it only says that they differ. */
  readonly ids?: Buffer;
}

/** Writes a message: ranges one after the other, with skipped ranges between them. */
export class MessageWriter {
  readonly #bytes: Buffer;
  #end = 1;
  #second = 0;
  #at = boundAt(0);
  #isSkipped = false;

  /** @param most in bytes */
  constructor(most: number) {
    this.#bytes = Buffer.allocUnsafe(most);
    this.#bytes[0] = VERSION;
  }

  /** Whether a further range surely fits. */
  get hasRoom(): boolean {
    return this.#end + RANGE_BYTES <= this.#bytes.length;
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  /** The next range begins here. */
  skipTo(bound: Bound): void {
    if (compareBounds(this.#at, bound) === 0) return;
    this.#isSkipped = true;
    this.#at = bound;
  }

  /** The next range, until this second, has the events of this fingerprint on our side. */
  compare(to: number, fingerprint: Buffer): void {
    this.#begin(boundAt(to), FINGERPRINT);
    this.#end += fingerprint.copy(this.#bytes, this.#end);
  }

  /** Asks for all ids of the next range, until this second: as if our side had none. */
  list(to: number): void {
    this.#begin(boundAt(to), LIST);
    this.#bytes[this.#end++] = 0;
  }

  #begin(to: Bound, mode: number): void {
    if (this.#isSkipped) this.#writeBound(this.#at, SKIP);
    this.#isSkipped = false;
    this.#writeBound(to, mode);
    this.#at = to;
  }

  #writeBound({ prefix, second }: Bound, mode: number): void {
    // The difference to the time before, and one more: 0 stands for infinity.
    this.#end = writeVarint(this.#bytes, this.#end, second - this.#second + 1);
    this.#second = second;
    this.#end = writeVarint(this.#bytes, this.#end, prefix.length);
    this.#bytes.set(prefix, this.#end);
    this.#end = writeVarint(this.#bytes, this.#end + prefix.length, mode);
  }
}

/** Reads the ranges of a message, those that it skips left out. @returns `undefined` if it is no such message */
export function readMessage(bytes: Buffer): AnsweredRange[] | undefined {
  if (bytes[0] !== VERSION) return undefined;
  const reader = new MessageReader(bytes);
  const ranges: AnsweredRange[] = [];
  let from = boundAt(0);
  while (!reader.atEnd) {
    const to = reader.bound();
    const mode = reader.varint();
    if (to === undefined || compareBounds(to, from) < 0) return undefined;
    if (mode === FINGERPRINT) {
      if (reader.take(FINGERPRINT_BYTES) === undefined) return undefined;
      ranges.push({ from, to });
    } else if (mode === LIST) {
      const ids = reader.take((reader.varint() ?? Infinity) * ID_BYTES);
      if (ids === undefined) return undefined;
      ranges.push({ from, to, ids });
    } else if (mode !== SKIP) return undefined;
    from = to;
  }
  return ranges;
}

class MessageReader {
  readonly #bytes: Buffer;
  #at = 1;
  #second = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(count: number): Buffer | undefined {
    if (count > this.#bytes.length - this.#at) return undefined;
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  varint(): number | undefined {
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return undefined;
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
  }

  bound(): Bound | undefined {
    const difference = this.varint();
    const length = this.varint();
    if (difference === undefined || length === undefined || length > ID_BYTES) return undefined;
    const prefix = this.take(length);
    if (prefix === undefined) return undefined;
    this.#second = difference === 0 ? Infinity : this.#second + difference - 1;
    return { second: this.#second, prefix };
  }
}
