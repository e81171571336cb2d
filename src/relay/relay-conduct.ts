import type { Clock } from '../core/clock.ts';
import type { Verdict } from '../core/ports.ts';
import { TokenBucket } from '../core/token-bucket.ts';

/** Frames that make no sense. A relay with ways of its own has some; a flood of them is no relay. */
const RUBBISH = { burst: 300, perSecond: 1 };
/** Matched events that are not genuine: each costs a verification. An honest relay has none, a careless one few. */
const FORGED = { burst: 100, perSecond: 0.5 };
/** Pings, each of which asks for an answer, and notices, each of which makes a line. A relay sends one or two a minute. */
const CHATTER = { burst: 60, perSecond: 1 };

export type Misconduct = 'rubbish' | 'forged' | 'chatter';

/** Counts what a relay does wrong on one connection, and says once when it is too much. */
export class RelayConduct {
  readonly #allowances: Readonly<Record<Misconduct, TokenBucket>>;
  readonly #onMisconduct: (misconduct: Misconduct) => void;

  constructor(clock: Clock, onMisconduct: (misconduct: Misconduct) => void) {
    this.#onMisconduct = onMisconduct;
    this.#allowances = {
      rubbish: new TokenBucket({ ...RUBBISH, clock }),
      forged: new TokenBucket({ ...FORGED, clock }),
      chatter: new TokenBucket({ ...CHATTER, clock }),
    };
  }

  /**
   * Charges an event that was not genuine, as soon as that is known.
   *
   * @param unasked whether nothing of the kind was asked for, so that a genuine one too is charged for its verification
   */
  judge(verdict: Verdict | Promise<Verdict>, unasked = false): void {
    if (typeof verdict !== 'string') return void verdict.then((known) => this.judge(known, unasked));
    if (verdict === 'forged' || (unasked && verdict === 'admitted')) this.note('forged');
  }

  note(misconduct: Misconduct): void {
    if (this.#allowances[misconduct].spend(1) > 0) this.#onMisconduct(misconduct);
  }
}
