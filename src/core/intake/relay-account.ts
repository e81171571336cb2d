import { type Clock } from '../basics/clock.ts';
import { Forgeries } from './forgeries.ts';
import { TokenBucket } from '../basics/token-bucket.ts';

/**
 * The processor time that one relay may take, in milliseconds: half of one core in the long run, and two seconds at once. An honest
 * relay takes a few milliseconds a second. Two seconds are enough to verify 10 000 genuine events after a gap.
 */
const PROCESSOR = { perSecond: 500, burst: 2000 };

/**
 * What one relay has cost, over all connections to it. All work for the relay's messages is charged here. A relay that has used up its
 * share of the processor is read more slowly. The relay is not banned, since anyone can publish at it.
 */
export class RelayAccount {
  /** The forgeries from this relay. */
  readonly forgeries: Forgeries;
  /** Called when the share is used up, with the milliseconds until it is earned again. The current connection sets this. */
  onOverdrawn: ((waitMs: number) => void) | undefined;
  readonly #monotonic: Clock;
  readonly #processor: TokenBucket;

  constructor(monotonic: Clock) {
    this.#monotonic = monotonic;
    this.forgeries = new Forgeries(monotonic);
    this.#processor = new TokenBucket({ ...PROCESSOR, clock: monotonic });
  }

  /** Does work that the relay has caused, and charges the time that it takes. */
  charge<Result>(work: () => Result): Result {
    const begun = this.#monotonic();
    try {
      return work();
    } finally {
      this.spend(this.#monotonic() - begun);
    }
  }

  /** @param ms milliseconds of processor time */
  spend(ms: number): void {
    const waitMs = this.#processor.spend(ms);
    if (waitMs > 0) this.onOverdrawn?.(waitMs);
  }
}
