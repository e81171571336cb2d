import type { Clock } from '../../core/basics/clock.ts';
import { TokenBucket } from '../../core/basics/token-bucket.ts';

/** Messages that make no sense. An unusual relay sends a few; a flood of them is misconduct. */
const RUBBISH = { burst: 300, perSecond: 1 };
/**
 * Pings, pongs, notices, and fragments of a few bytes. They cost more than they are worth: a ping needs an answer, and a notice makes a
 * log line. An honest relay sends a few a minute: it answers our ping every 20 seconds, and may ping us.
 */
const CHATTER = { burst: 60, perSecond: 1 };

export type Misconduct = 'rubbish' | 'chatter';

/**
 * Counts the misconduct of a relay on one connection, and reports once when it is too much. Only things that the relay itself does are
 * counted (contract 2). A forged event is not counted: anybody can have published it.
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
