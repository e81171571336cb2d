import {
  type GapRecoveryOptions,
  type IdPage,
  type PagePlan,
  type RecoveryReport,
  type UnrecoveredReason,
} from '../gaps/page-plan.ts';
import { LOSSES_UNTIL_SLICED, MIN_LIMIT, RecoveryEffort } from '../gaps/recovery-effort.ts';
import type { EventIds } from './event-ids.ts';

/** How many ids a page asks for at most: some 17 KB. */
const MOST_IDS = 250;
/** So many of the listed events may be gone by the time when they are asked for, by expiration (NIP-40) or deletion (NIP-09). */
const GONE_AT_MOST = 8;
/** The same as a share of all. */
const GONE_SHARE = 0.02;

/**
 * Asks for the events that a reconciliation found to be missing, by their ids. What a page does not bring is asked for again, as long as
 * the relay gives some. If it gives none of many, or refuses, or ends the connection, the pages of the whole gap have to be asked for.
 */
export class MissingEvents implements PagePlan {
  readonly #effort: RecoveryEffort;
  readonly #ids: EventIds;
  #next = 0;
  /** Ids that a page asked for and did not bring. */
  #again: string[] = [];
  /** The ids of the current page that have not come. */
  #waiting = new Set<string>();
  #most: number;
  #given = 0;
  /** Ids that the relay has listed and does not give. */
  #withheld = 0;
  #hasFailed = false;

  constructor(ids: EventIds, options: Pick<GapRecoveryOptions, 'bounds' | 'maxLimit' | 'pageLimit'>) {
    this.#ids = ids;
    this.#effort = new RecoveryEffort(options);
    this.#most = Math.min(MOST_IDS, this.#effort.limit);
  }

  /** Whether the relay does not give what it has listed. */
  get hasFailed(): boolean {
    const isWithheld = this.#withheld > Math.max(GONE_AT_MOST, this.#ids.count * GONE_SHARE);
    return this.#hasFailed || isWithheld || this.#effort.givenUp === 'refused';
  }

  next(): IdPage | undefined {
    if (this.hasFailed) return undefined;
    // A page that was refused or cut off is asked for once more.
    const ids = [...this.#waiting];
    while (ids.length < this.#most && this.#again.length > 0) ids.push(this.#again.pop() as string);
    while (ids.length < this.#most && this.#next < this.#ids.count) ids.push(this.#ids.text(this.#next++));
    this.#again.push(...ids.splice(this.#most));
    this.#waiting = new Set(ids);
    this.#given = 0;
    if (ids.length === 0 || !this.#effort.beginPage()) return undefined;
    return { ids, limit: ids.length };
  }

  received(_createdAt: number, id: string): boolean {
    if (this.#waiting.delete(id)) this.#given++;
    return this.#effort.received();
  }

  leftOut(): void {
    this.#effort.leftOut();
  }

  get isUnread(): boolean {
    return false;
  }

  ended(): void {
    this.#effort.answered();
    const left = [...this.#waiting];
    this.#waiting.clear();
    // The others were too long to be read.
    if (left.length <= this.#effort.leftOutOfPage) return;
    if (this.#given === 0) return void (this.#withheld += left.length);
    // The relay gives fewer at once.
    this.#most = Math.max(MIN_LIMIT, this.#given);
    this.#again.push(...left);
  }

  refused(narrower: boolean): boolean {
    this.#effort.refused(narrower);
    this.#most = Math.max(MIN_LIMIT, this.#most >> 1);
    return false;
  }

  lost(): void {
    this.#effort.lost();
    if (this.#effort.losses >= LOSSES_UNTIL_SLICED) this.#hasFailed = true;
  }

  spent(ms: number): void {
    this.#effort.spent(ms);
  }

  giveUp(reason: UnrecoveredReason): void {
    if (reason === 'refused' || reason === 'unanswered') this.#hasFailed = true;
    else this.#effort.giveUp(reason);
  }

  report(): RecoveryReport {
    const { givenUp: reason } = this.#effort;
    return {
      ...this.#effort.report(),
      crowdedSeconds: 0,
      poisonedSeconds: [],
      ...(reason && { unrecovered: { since: 0, until: Infinity, reason } }),
    };
  }
}
