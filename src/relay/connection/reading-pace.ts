import type { WebSocket } from 'ws';

import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';

const MIB = 1024 * 1024;
/**
 * How fast one relay is read, in the long run and at once. It is far more than an honest relay sends, and about half of what one core
 * can scan. A relay that sends more is read more slowly; none of its events is lost.
 */
const BYTES = { perSecond: 128 * MIB, burst: 32 * MIB };
/** Smaller amounts are summed up before they are accounted for. */
const SPENT_AT_ONCE = 64 * 1024;

/** Pauses that follow each other within this time count as one. */
const APART_MS = SECOND_MS;

export interface ReadingPaceOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** A pause of this length is reported, in milliseconds. */
  readonly standstillMs: number;
  readonly onStandstill: () => void;
}

/** Limits how fast a relay is read. The relay is paused while it has spent more than it has earned. */
export class ReadingPace {
  readonly #socket: Pick<WebSocket, 'pause' | 'resume'>;
  readonly #options: ReadingPaceOptions;
  readonly #allowance: TokenBucket;
  #earned: NodeJS.Timeout | undefined;
  #unspent = 0;
  /** How long the current pauses have been together, and when the last one ended, in milliseconds. */
  #pausedMs = 0;
  #pauseEndedAt = -Infinity;

  constructor(socket: Pick<WebSocket, 'pause' | 'resume'>, options: ReadingPaceOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#allowance = new TokenBucket({ ...BYTES, clock: options.clock });
  }

  /** Charges the relay for time, in milliseconds, with the bytes that it may send in that time. They are spent with the next bytes. */
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

  /** Pauses the relay for this many milliseconds. A pause that runs already is not made longer. */
  rest(waitMs: number): void {
    if (this.#earned !== undefined) return;
    const { clock, telemetry } = this.#options;
    telemetry.count('relay_throttled');
    this.#socket.pause();
    const begun = clock();
    this.#earned = setTimeout(() => {
      this.#earned = undefined;
      this.resume();
      this.#notePause(begun);
    }, waitMs);
  }

  #notePause(begun: number): void {
    const { clock, onStandstill, standstillMs } = this.#options;
    if (begun - this.#pauseEndedAt > APART_MS) this.#pausedMs = 0;
    this.#pauseEndedAt = clock();
    this.#pausedMs += this.#pauseEndedAt - begun;
    if (this.#pausedMs < standstillMs) return;
    this.#pausedMs = 0;
    onStandstill();
  }

  /** Reads the relay again, unless a pause is running. */
  resume(): void {
    if (this.#earned === undefined) this.#socket.resume();
  }

  end(): void {
    clearTimeout(this.#earned);
  }
}
