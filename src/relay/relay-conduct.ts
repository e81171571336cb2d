import type { Clock } from '../core/clock.ts';
import { TokenBucket } from '../core/token-bucket.ts';

/** Frames that make no sense. A relay with ways of its own has some; a flood of them is no relay. */
const RUBBISH = { burst: 300, perSecond: 1 };
/** Pings, each of which asks for an answer, and notices, each of which makes a line. A relay sends one or two a minute. */
const CHATTER = { burst: 60, perSecond: 1 };

export type Misconduct = 'rubbish' | 'chatter';

/**
 * Counts what a relay does wrong on one connection, and says when it is too much. Only what the relay alone can do is counted
 * (contract 2): an event that is not genuine may have been published by anybody, so it is none of the relay's misconduct.
 */
export class RelayConduct {
  readonly #allowances: Readonly<Record<Misconduct, TokenBucket>>;
  readonly #onMisconduct: (misconduct: Misconduct) => void;

  constructor(clock: Clock, onMisconduct: (misconduct: Misconduct) => void) {
    this.#onMisconduct = onMisconduct;
    this.#allowances = {
      rubbish: new TokenBucket({ ...RUBBISH, clock }),
      chatter: new TokenBucket({ ...CHATTER, clock }),
    };
  }

  note(misconduct: Misconduct): void {
    if (this.#allowances[misconduct].spend(1) > 0) this.#onMisconduct(misconduct);
  }
}
