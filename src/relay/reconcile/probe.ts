import { fingerprintOf, SUM_WORDS } from './id-sum.ts';
import type { Compared } from './negotiate.ts';
import { MessageWriter, readMessage } from './negentropy-message.ts';

const PROBE_BYTES = 256;

/** One short question, by whose answer a relay shows that it offers reconciliations (NIP-77). */
export class Probe implements Compared {
  readonly #until: number;
  #isAsked = false;

  /** @param until unix seconds */
  constructor(until: number) {
    this.#until = until;
  }

  next(): Buffer | undefined {
    if (this.#isAsked) return undefined;
    this.#isAsked = true;
    const writer = new MessageWriter(PROBE_BYTES);
    writer.compare(this.#until, fingerprintOf(new Uint32Array(SUM_WORDS)));
    return writer.bytes;
  }

  take(bytes: Buffer): boolean {
    return readMessage(bytes) !== undefined;
  }

  narrow(): boolean {
    return false;
  }
}
