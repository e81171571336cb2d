/** A few answers could be chance. After so many, and if they are most of the relay's answers, it is a habit. */
const HABIT_AFTER = 3;
/** The most CLOSEs that a NOTICE may still answer. */
const MOST_OPEN = 32;

/**
 * Tells the NOTICEs with which some relays answer every CLOSE from those that may say something. A recovery closes a subscription for each
 * page, so such a relay sends many. The relay cannot send more of them than this server closes subscriptions.
 */
export class CloseNotices {
  /** The CLOSEs that a NOTICE may still answer. */
  #open = 0;
  #closes = 0;
  #answers = 0;

  /** This server has sent a CLOSE. */
  onClose(): void {
    this.#closes++;
    this.#open = Math.min(this.#open + 1, MOST_OPEN);
  }

  /** A NOTICE has come. @returns whether it may be the answer to a CLOSE */
  onNotice(): boolean {
    if (this.#open === 0) return false;
    this.#open--;
    this.#answers++;
    return true;
  }

  /** Whether the relay answers CLOSEs with a NOTICE as a rule. Then such an answer says nothing of the live subscriptions. */
  get areHabit(): boolean {
    return this.#answers > HABIT_AFTER && this.#answers * 2 > this.#closes;
  }
}
