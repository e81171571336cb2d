import type { RecoveryIntake, RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { EventLog } from '../reconcile/event-log.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';

/** What is different for the events of an audit. */
export interface AuditedEvents {
  /** The marks of the events that came live and were for nobody. They are not handed in, even if their key is registered by now. */
  readonly heard: ReadonlySet<number>;
  /** An event has come that is not one of these. */
  readonly onUnheard: (frame: SubscriptionFrame) => void;
  /** An event was new here and for a registered key. */
  readonly onFound: (frame: SubscriptionFrame) => void;
}

/** The events that the pages of one kind bring in one recovery: hands them in, and counts what became of them. */
export class RecoveredEvents {
  readonly #intake: RelayIntake;
  readonly #recovery: RecoveryIntake | 'stored';
  readonly #audit: AuditedEvents | undefined;
  /** Events that are still being judged. Late events may come for a long time, so an event is removed when it is judged. */
  readonly #underWay = new Set<Promise<void>>();
  /** If present: all of these events, whoever they were for, without those that were dropped unverified. */
  log: EventLog | undefined;
  /** How many events were new here and for a registered key. */
  found = 0;
  /** Whether an event was dropped without a verification, because its key is flooded with forgeries. It may have been genuine. */
  hasUnverified = false;
  /** Whether the recovery has ended. Its wakes do not cover events that come later; they count as live. */
  isOver = false;

  /** @param recovery `stored` if the events may be older than any registration: those before the first subscription */
  constructor(intake: RelayIntake, recovery: RecoveryIntake | 'stored', audit?: AuditedEvents) {
    this.#intake = intake;
    this.#audit = audit;
    this.#recovery = recovery;
  }

  admit(frame: SubscriptionFrame): Verdict | Promise<Verdict> {
    if (this.#audit?.heard.has(frame.mark) === true) {
      this.log?.note(frame);
      return 'duplicate';
    }
    this.#audit?.onUnheard(frame);
    const verdict = this.#handIn(frame);
    if (typeof verdict === 'string') this.#note(verdict, frame);
    else {
      const judged = this.#await(verdict, frame).finally(() => this.#underWay.delete(judged));
      this.#underWay.add(judged);
    }
    return verdict;
  }

  /** Resolves when each event until now has been judged. */
  async judged(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #handIn(frame: SubscriptionFrame): Verdict | Promise<Verdict> {
    if (this.#recovery === 'stored') return this.#intake.admit(frame, 'stored');
    if (this.isOver) return this.#intake.admit(frame, 'live');
    return this.#recovery.admit(frame);
  }

  async #await(verdict: Promise<Verdict>, frame: SubscriptionFrame): Promise<void> {
    this.#note(await verdict, frame);
  }

  #note(verdict: Verdict, frame: SubscriptionFrame): void {
    if (verdict === 'unverified') this.hasUnverified = true;
    else if (!this.isOver) this.log?.note(frame);
    if (verdict !== 'admitted' || this.#recovery === 'stored') return;
    this.found++;
    this.#audit?.onFound(frame);
  }
}
