import type { EventOrigin } from '../../core/waking/recovery.ts';
import type { Verdict } from '../../core/intake/event-intake.ts';

/** What the pages of one kind bring in one recovery. */
export class Haul {
  readonly #origin: EventOrigin;
  /** Those of its events that are being judged: late ones come for as long as the relay likes, so none is kept for longer. */
  readonly #underWay = new Set<Promise<void>>();
  /** Events that were new here, and for somebody. */
  found = 0;
  /** Whether any was dropped unverified, because its key is flooded with forgeries at this relay: it may have been genuine. */
  hasUnverified = false;
  /** Whether the recovery has ended, whose wakes no longer answer what comes. */
  isOver = false;

  constructor(origin: EventOrigin) {
    this.#origin = origin;
  }

  /** As what its events are offered. */
  get origin(): EventOrigin {
    return this.isOver && this.#origin !== 'stored' ? 'live' : this.#origin;
  }

  add(verdict: Verdict | Promise<Verdict>): void {
    if (typeof verdict === 'string') return this.#note(verdict);
    const judged = this.#await(verdict).finally(() => this.#underWay.delete(judged));
    this.#underWay.add(judged);
  }

  /** Resolves when everything that was added until now has been judged. */
  async judged(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async #await(verdict: Promise<Verdict>): Promise<void> {
    this.#note(await verdict);
  }

  #note(verdict: Verdict): void {
    if (verdict === 'unverified') this.hasUnverified = true;
    if (verdict === 'admitted' && this.#origin !== 'stored') this.found++;
  }
}
