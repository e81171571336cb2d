const TIME_BYTES = 6;
const FIRST_BYTES = 256;

/** Writes the fields of a record, one after the other. Numbers are big-endian. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  byte(value: number): void {
    const at = this.#room(1);
    this.#buffer.writeUInt8(value, at);
  }

  /** Four bytes: 0 to 2^32 - 1. */
  number(value: number): void {
    const at = this.#room(4);
    this.#buffer.writeUInt32BE(value, at);
  }

  /** Six bytes: whole milliseconds since the epoch. A time before the epoch becomes the epoch. */
  time(value: number): void {
    const at = this.#room(TIME_BYTES);
    this.#buffer.writeUIntBE(Math.max(0, Math.floor(value)), at, TIME_BYTES);
  }

  /** The bytes of a hex text, without a length. */
  hex(value: string): void {
    const length = value.length / 2;
    const at = this.#room(length);
    this.#buffer.write(value, at, length, 'hex');
  }

  /** Two bytes with the length, then UTF-8. */
  text(value: string): void {
    const length = Buffer.byteLength(value);
    const at = this.#room(2 + length);
    this.#buffer.writeUInt16BE(length, at);
    this.#buffer.write(value, at + 2, length, 'utf8');
  }

  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Makes room for `length` bytes. @returns where they are to be written */
  #room(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length > this.#buffer.length) {
      const grown = Buffer.allocUnsafe(2 * this.#length);
      this.#buffer.copy(grown);
      this.#buffer = grown;
    }
    return at;
  }
}

/** Reads what a {@link ByteWriter} wrote. Every method throws a RangeError if the bytes end too early. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get hasMore(): boolean {
    return this.#at < this.#buffer.length;
  }

  byte(): number {
    return this.#buffer.readUInt8(this.#take(1));
  }

  number(): number {
    return this.#buffer.readUInt32BE(this.#take(4));
  }

  time(): number {
    return this.#buffer.readUIntBE(this.#take(TIME_BYTES), TIME_BYTES);
  }

  hex(bytes: number): string {
    const at = this.#take(bytes);
    return this.#buffer.toString('hex', at, at + bytes);
  }

  text(): string {
    const length = this.#buffer.readUInt16BE(this.#take(2));
    const at = this.#take(length);
    return this.#buffer.toString('utf8', at, at + length);
  }

  /** One byte: the index of one of these values. */
  oneOf<Value>(values: readonly Value[]): Value {
    const value = values[this.byte()];
    if (value === undefined) throw new RangeError('no such value');
    return value;
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#buffer.length) throw new RangeError('the bytes end too early');
    this.#at += length;
    return at;
  }
}
