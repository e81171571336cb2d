import type { WebSocket } from 'ws';

import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';

const MIB = 1024 * 1024;
/**
 * What one relay may send in the long run, and at once: far more than any honest one has to say, and about half of what
 * one core can look at. A relay that sends more is read more slowly and loses nothing.
 */
const BYTES = { perSecond: 128 * MIB, burst: 32 * MIB };
/** Bytes that are accounted for together. */
const SPENT_AT_ONCE = 64 * 1024;

/** How fast a relay is read: it is paused while it has more to pay than it has earned. */
export class ReadingPace {
  readonly #socket: Pick<WebSocket, 'pause' | 'resume'>;
  readonly #telemetry: Telemetry;
  readonly #allowance: TokenBucket;
  #earned: NodeJS.Timeout | undefined;
  #unspent = 0;

  constructor(
    socket: Pick<WebSocket, 'pause' | 'resume'>,
    { clock, telemetry }: { clock: Clock; telemetry: Telemetry },
  ) {
    this.#socket = socket;
    this.#telemetry = telemetry;
    this.#allowance = new TokenBucket({ ...BYTES, clock });
  }

  /** Notes so many bytes as the relay may send in that time: they are spent with the next ones. @param ms milliseconds */
  owe(ms: number): void {
    this.#unspent += (ms * BYTES.perSecond) / SECOND_MS;
  }

  spend(bytes: number): void {
    this.#unspent += bytes;
    if (this.#unspent < SPENT_AT_ONCE) return;
    const waitMs = this.#allowance.spend(this.#unspent);
    this.#unspent = 0;
    if (waitMs > 0) this.rest(waitMs);
  }

  /** Pauses the relay for so many milliseconds, or for as long as it is paused already. */
  rest(waitMs: number): void {
    if (this.#earned !== undefined) return;
    this.#telemetry.count('relay_throttled');
    this.#socket.pause();
    this.#earned = setTimeout(() => {
      this.#earned = undefined;
      this.resume();
    }, waitMs);
  }

  /** Reads the relay again, unless it has to wait. */
  resume(): void {
    if (this.#earned === undefined) this.#socket.resume();
  }

  end(): void {
    clearTimeout(this.#earned);
  }
}
