import { createHash } from 'node:crypto';

/** A stored event, as negentropy sees it. */
export interface Item {
  readonly second: number;
  /** 64 hexadecimal digits. */
  readonly id: string;
}

interface Bound {
  readonly second: number;
  /** The first digits of an id. */
  readonly prefix: string;
}

const VERSION = 0x61;
const BUCKETS = 16;

/** The relay's side of negentropy, protocol version 1 (NIP-77). The program has only the other side, so that the two share no code. */
export class NegentropyServer {
  /** Sorted by time and then by id. */
  readonly #items: readonly Item[];
  readonly #frameBytes: number;
  /** The sum of the ids of all items before each one, and of all items at the end. */
  readonly #sums: readonly bigint[];

  /** @param frameBytes an answer ends at the range that reaches this size */
  constructor(items: readonly Item[], frameBytes = Infinity) {
    this.#items = items.toSorted((a, b) => a.second - b.second || (a.id < b.id ? -1 : 1));
    this.#frameBytes = frameBytes;
    const sums = [0n];
    for (const { id } of this.#items) sums.push((sums.at(-1) as bigint) + littleEndian(id));
    this.#sums = sums;
  }

  /** @throws if the message is none */
  answer(message: string): string {
    const reader = new Reader(Buffer.from(message, 'hex'));
    const writer = new Writer();
    if (reader.byte() !== VERSION) return writer.hex;
    let from = 0;
    let before: Bound = { second: 0, prefix: '' };
    let isSkipping = false;
    const skip = (): void => {
      if (isSkipping) writer.bound(before).varint(0);
      isSkipping = false;
    };
    while (!reader.atEnd) {
      const bound = reader.bound();
      const mode = reader.varint();
      const to = this.#indexOf(bound, from);
      if (mode === 0) isSkipping = true;
      else if (mode === 1) {
        if (reader.hex(16) === this.#fingerprint(from, to)) isSkipping = true;
        else {
          skip();
          this.#split(writer, from, to, bound);
        }
      } else if (mode === 2) {
        for (let left = reader.varint(); left > 0; left--) reader.hex(32);
        skip();
        const room = Math.max(1, Math.floor((this.#frameBytes - writer.bytes) / 32));
        const end = Math.min(to, from + room);
        const last = this.#items[end];
        this.#list(
          writer,
          from,
          end,
          end === to || last === undefined ? bound : { second: last.second, prefix: last.id },
        );
        if (end < to) return this.#leaveRest(writer, end);
      } else throw new Error('no mode of negentropy');
      if (writer.bytes > this.#frameBytes) return this.#leaveRest(writer, to);
      from = to;
      before = bound;
    }
    return writer.hex;
  }

  #leaveRest(writer: Writer, from: number): string {
    return writer
      .bound({ second: Infinity, prefix: '' })
      .varint(1)
      .raw(this.#fingerprint(from, this.#items.length)).hex;
  }

  #split(writer: Writer, from: number, to: number, bound: Bound): void {
    const count = to - from;
    if (count < 2 * BUCKETS) return this.#list(writer, from, to, bound);
    let at = from;
    for (let n = 0; n < BUCKETS; n++) {
      const end = at + Math.floor(count / BUCKETS) + (n < count % BUCKETS ? 1 : 0);
      writer
        .bound(end === to ? bound : this.#boundBetween(end))
        .varint(1)
        .raw(this.#fingerprint(at, end));
      at = end;
    }
  }

  #list(writer: Writer, from: number, to: number, bound: Bound): void {
    writer
      .bound(bound)
      .varint(2)
      .varint(to - from);
    for (const { id } of this.#items.slice(from, to)) writer.raw(id);
  }

  /** The shortest bound that is after the item before and not after this one. */
  #boundBetween(index: number): Bound {
    const [before, item] = this.#items.slice(index - 1, index + 1) as [Item, Item];
    if (before.second !== item.second) return { second: item.second, prefix: '' };
    let digits = 2;
    while (before.id.startsWith(item.id.slice(0, digits))) digits += 2;
    return { second: item.second, prefix: item.id.slice(0, digits) };
  }

  /** The first item that is not before the bound. */
  #indexOf({ prefix, second }: Bound, least: number): number {
    let [low, high] = [least, this.#items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const item = this.#items[middle] as Item;
      const isBefore = item.second < second || (item.second === second && item.id < prefix);
      if (isBefore) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #fingerprint(from: number, to: number): string {
    const sum = (this.#sums[to] as bigint) - (this.#sums[from] as bigint);
    const digits = (sum % 2n ** 256n).toString(16).padStart(64, '0');
    const all = new Writer().raw(reversed(digits)).varint(to - from).content;
    return createHash('sha256').update(all).digest('hex').slice(0, 32);
  }
}

function littleEndian(id: string): bigint {
  return BigInt(`0x${reversed(id)}`);
}

/** The bytes in the opposite order, in hexadecimal digits. */
function reversed(hex: string): string {
  return Buffer.from(Buffer.from(hex, 'hex').toReversed()).toString('hex');
}

class Reader {
  readonly #bytes: Buffer;
  #at = 0;
  #second = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw new Error('the message ends too early');
    return byte;
  }

  varint(): number {
    let value = 0;
    for (;;) {
      const byte = this.byte();
      value = value * 128 + (byte & 0x7f);
      if (byte < 0x80) return value;
    }
  }

  hex(bytes: number): string {
    return Array.from({ length: bytes }, () => this.byte().toString(16).padStart(2, '0')).join('');
  }

  bound(): Bound {
    const difference = this.varint();
    this.#second = difference === 0 ? Infinity : this.#second + difference - 1;
    return { second: this.#second, prefix: this.hex(this.varint()) };
  }
}

class Writer {
  readonly #parts: string[] = [];
  #second = 0;
  #digits = 0;

  constructor() {
    this.raw(VERSION.toString(16));
  }

  get bytes(): number {
    return this.#digits / 2;
  }

  get hex(): string {
    return this.#parts.join('');
  }

  /** Everything but the version. */
  get content(): Buffer {
    return Buffer.from(this.hex.slice(2), 'hex');
  }

  raw(hex: string): this {
    this.#parts.push(hex);
    this.#digits += hex.length;
    return this;
  }

  varint(value: number): this {
    const digits = [value % 128];
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128))
      digits.unshift((rest % 128) | 0x80);
    return this.raw(digits.map((digit) => digit.toString(16).padStart(2, '0')).join(''));
  }

  bound({ prefix, second }: Bound): this {
    this.varint(second === Infinity ? 0 : second - this.#second + 1);
    this.#second = second;
    return this.varint(prefix.length / 2).raw(prefix);
  }
}
