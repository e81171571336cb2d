import type { Clock } from '../../core/basics/clock.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';

/** Frames that make no sense. A relay with ways of its own has some; a flood of them is no relay. */
const RUBBISH = { burst: 300, perSecond: 1 };
/**
 * Pings, each of which asks for an answer; notices, each of which makes a line; pongs, and fragments of a few bytes. They cost much
 * for what they say. A relay sends a few a minute: it answers our ping every 20 seconds, and may ping us.
 */
const CHATTER = { burst: 60, perSecond: 1 };

export type Misconduct = 'rubbish' | 'chatter';

/**
 * Counts what a relay does wrong on one connection, and says once when it is too much. Only what the relay alone can do is counted
 * (contract 2): an event that is not genuine may have been published by anybody, so it is none of the relay's misconduct.
 */
export class RelayConduct {
  readonly #allowances: Readonly<Record<Misconduct, TokenBucket>>;
  readonly #onMisconduct: (misconduct: Misconduct) => void;
  #isOver = false;

  constructor(clock: Clock, onMisconduct: (misconduct: Misconduct) => void) {
    this.#onMisconduct = onMisconduct;
    this.#allowances = {
      rubbish: new TokenBucket({ ...RUBBISH, clock }),
      chatter: new TokenBucket({ ...CHATTER, clock }),
    };
  }

  note(misconduct: Misconduct): void {
    if (this.#isOver || this.#allowances[misconduct].spend(1) === 0) return;
    this.#isOver = true;
    this.#onMisconduct(misconduct);
  }
}
