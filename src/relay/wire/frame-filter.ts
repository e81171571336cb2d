/** The bits of a frame's first byte (RFC 6455, section 5.2). */
const FIN = 0x80;
const RESERVED = 0x70;
const OPCODE = 0x0f;
const [CONTINUATION, BINARY, CLOSE, PING, PONG] = [0x0, 0x2, 0x8, 0x9, 0xa];
/** The bits of its second byte: whether it is masked, and its length or the size of the field that holds the length. */
const MASKED = 0x80;
const LENGTH = 0x7f;
const [LENGTH_OF_2_BYTES, LENGTH_OF_8_BYTES] = [126, 127];
/** A server that sends messages in fragments fills a buffer first, of a kilobyte or more. */
const TINY_FRAGMENT_BYTES = 64;
/** Enough for `["EVENT",` and a subscription. */
export const HEAD_BYTES = 128;

export interface FrameFilterOptions {
  /** A message that is longer than this and no longer than `longestBytes` is left out. */
  readonly mostBytes: number;
  /** No relay stores what is longer, so the library may end the connection for it. */
  readonly longestBytes: number;
  /** Given what is let through, as it came. */
  readonly forward: (bytes: Buffer) => void;
  /** Told of every ping, pong and tiny fragment. */
  readonly onChatter: () => void;
  /** Told of every message that is left out, and given as many of its first bytes as came with its header. */
  readonly onTooLong: (head: Buffer) => void;
}

/**
 * Walks over what a relay sends, frame by frame, before the WebSocket library reads any of it. So control frames and fragments are
 * counted of which the library says nothing; and a message that is too long is left out. The library would end the connection
 * for it, and anybody can have published it (contract 2).
 *
 * Whatever breaks RFC 6455 goes to the library, which ends the connection: that only the relay can do.
 */
export class FrameFilter {
  readonly #options: FrameFilterOptions;
  /** The beginning of a frame whose header has not come in full. */
  #begun: Buffer | undefined;
  /** Of the payload under way: the bytes to come, and whether they are left out. */
  #payloadLeft = 0;
  #isLeftOut = false;
  #isBroken = false;

  constructor(options: FrameFilterOptions) {
    this.#options = options;
  }

  /** Takes the next bytes of the relay. @returns how many frames begin in them */
  take(received: Buffer): number {
    const chunk = this.#begun === undefined ? received : Buffer.concat([this.#begun, received]);
    this.#begun = undefined;
    let frames = 0;
    /** Where that begins which is not forwarded yet. */
    let from = 0;
    let at = 0;
    while (at < chunk.length && !this.#isBroken) {
      if (this.#payloadLeft === 0) {
        const payloadAt = this.#readHeader(chunk, at);
        if (payloadAt === undefined) {
          this.#begun = Buffer.from(chunk.subarray(at));
          break;
        }
        frames++;
        if (this.#isLeftOut) this.#forward(chunk, from, at);
        at = payloadAt;
      }
      const taken = Math.min(chunk.length - at, this.#payloadLeft);
      this.#payloadLeft -= taken;
      at += taken;
      if (this.#isLeftOut) from = at;
    }
    this.#forward(chunk, from, this.#isBroken ? chunk.length : at);
    return frames;
  }

  #forward(chunk: Buffer, from: number, end: number): void {
    if (from === end) return;
    this.#options.forward(from === 0 && end === chunk.length ? chunk : chunk.subarray(from, end));
  }

  /** @returns where the frame's payload begins, or `undefined` where more of its header is to come */
  #readHeader(chunk: Buffer, at: number): number | undefined {
    if (chunk.length - at < 2) return undefined;
    const first = chunk[at] as number;
    const second = chunk[at + 1] as number;
    const opcode = first & OPCODE;
    const isData = opcode <= BINARY;
    const isKnown = isData || opcode === CLOSE || opcode === PING || opcode === PONG;
    this.#isBroken = (first & RESERVED) !== 0 || (second & MASKED) !== 0 || !isKnown;
    if (this.#isBroken) return at;
    let length = second & LENGTH;
    let payloadAt = at + 2;
    if (length >= LENGTH_OF_2_BYTES) payloadAt = length === LENGTH_OF_8_BYTES ? at + 10 : at + 4;
    if (payloadAt > chunk.length) return undefined;
    if (length === LENGTH_OF_2_BYTES) length = chunk.readUInt16BE(at + 2);
    else if (length === LENGTH_OF_8_BYTES) length = Number(chunk.readBigUInt64BE(at + 2));
    const isWhole = (first & FIN) !== 0 && opcode !== CONTINUATION;
    this.#payloadLeft = length;
    this.#isLeftOut = isData && isWhole && this.#isTooLong(length);
    if (this.#isLeftOut) this.#options.onTooLong(chunk.subarray(payloadAt, payloadAt + HEAD_BYTES));
    if (isData ? (first & FIN) === 0 && length < TINY_FRAGMENT_BYTES : opcode !== CLOSE)
      this.#options.onChatter();
    return payloadAt;
  }

  #isTooLong(length: number): boolean {
    const { longestBytes, mostBytes } = this.#options;
    return length > mostBytes && length <= longestBytes;
  }
}
