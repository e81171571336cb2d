import { type Clock } from '../basics/clock.ts';
import { Forgeries } from './forgeries.ts';
import { TokenBucket } from '../basics/token-bucket.ts';

/**
 * The processor time that one relay may take in milliseconds: half of one core in the long run, and two seconds at once. An honest
 * relay uses a few milliseconds a second; after a gap its 10 000 genuine events are verified within the burst.
 */
const PROCESSOR = { perSecond: 500, burst: 2000 };

/**
 * What one relay has cost, over all connections to it. Whatever is done because of what the relay sent is paid from its own
 * share of the processor; a relay that has used up its share is read more slowly, and is not banned: others publish there.
 */
export class RelayAccount {
  /** The events from this relay that were not genuine, by the key that they name. */
  readonly forgeries: Forgeries;
  /** Told when the share is used up, with the milliseconds until it is earned again. The current connection sets it. */
  onOverdrawn: ((waitMs: number) => void) | undefined;
  readonly #monotonic: Clock;
  readonly #processor: TokenBucket;

  constructor(monotonic: Clock) {
    this.#monotonic = monotonic;
    this.forgeries = new Forgeries(monotonic);
    this.#processor = new TokenBucket({ ...PROCESSOR, clock: monotonic });
  }

  /** Does what the relay has caused, and charges the time that it takes. */
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
