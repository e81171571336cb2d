/** The bits of a frame's first byte (RFC 6455, section 5.2). */
const FIN = 0x80;
const RESERVED = 0x70;
const OPCODE = 0x0f;
const [CONTINUATION, BINARY, CLOSE, PING, PONG] = [0x0, 0x2, 0x8, 0x9, 0xa];
/** The bits of a frame's second byte: whether the payload is masked, and its length or the size of the length field. */
const MASKED = 0x80;
const LENGTH = 0x7f;
const [LENGTH_OF_2_BYTES, LENGTH_OF_8_BYTES] = [126, 127];
/** A shorter fragment counts as chatter. An honest server fills a buffer of a kilobyte or more before it sends a fragment. */
const TINY_FRAGMENT_BYTES = 64;
/** The first bytes of a left-out message that are reported: enough for `["EVENT",` and a subscription id. */
export const HEAD_BYTES = 128;

const MIB = 1024 * 1024;
/** Longer messages are left out. Relays keep events to 64–128 KiB; a gift wrap has about 3 KiB. */
const USUAL_MESSAGE_BYTES = MIB;
/** The longest messages that are read from a relay that names a higher limit. A message that is longer still ends the connection. */
export const MAX_MESSAGE_BYTES = 4 * MIB;

/** The longest message that is read from a relay. @param stated its `max_message_length` (NIP-11) */
export function longestRead(stated = 0): number {
  return Math.min(MAX_MESSAGE_BYTES, Math.max(USUAL_MESSAGE_BYTES, stated));
}

export interface FrameFilterOptions {
  /** A message that is longer than this, and not longer than `longestBytes`, is left out. */
  readonly mostBytes: number;
  /** A message that is longer than this goes to the library, which ends the connection: no relay stores such an event. */
  readonly longestBytes: number;
  /** Gets all bytes that are not left out, unchanged. */
  readonly forward: (bytes: Buffer) => void;
  /** Called for every ping, pong and tiny fragment. */
  readonly onChatter: () => void;
  /** Called for every message that is left out, with those of its first bytes that came together with its header. */
  readonly onTooLong: (head: Buffer) => void;
}

/**
 * Reads the WebSocket frames of a relay before the WebSocket library does. It has two reasons:
 * - It counts control frames and fragments. The library does not report them.
 * - It leaves out a message that is too long. The library would end the connection for such a message, but anybody can have
 *   published it (contract 2).
 *
 * Bytes that break RFC 6455 go to the library, which ends the connection: only the relay itself can send them.
 */
export class FrameFilter {
  readonly #options: FrameFilterOptions;
  /** The first bytes of a frame whose header is not complete yet. */
  #begun: Buffer | undefined;
  /** The bytes of the current payload that are still to come, and whether this payload is left out. */
  #payloadLeft = 0;
  #isLeftOut = false;
  #isBroken = false;

  constructor(options: FrameFilterOptions) {
    this.#options = options;
  }

  /** Takes the next bytes from the relay. @returns how many frames begin in them */
  take(received: Buffer): number {
    const chunk = this.#begun === undefined ? received : Buffer.concat([this.#begun, received]);
    this.#begun = undefined;
    let frames = 0;
    // The first byte that is not forwarded yet.
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

  /** @returns where the frame's payload begins, or `undefined` if the header is not complete yet */
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
