import type { GapRecoveryOptions, RecoveryReport, UnrecoveredReason } from './page-plan.ts';
import type { RecoveryBounds } from './recovery-bounds.ts';

/** What most relays give at once (strfry); one that gives less says so by giving less. */
const PAGE_LIMIT = 500;
/** Asked for once where a single second fills a page, in case the relay's own limit is higher: khatru's is this. */
const SECOND_LIMIT = 1000;
/** A relay that refuses pages this often in a row will not serve the gap. */
const MAX_REFUSALS = 8;
/** No page is asked for that is smaller, however often the relay refuses, and no relay is thought to give fewer at once. */
export const MIN_LIMIT = 10;
/** A connection ends for many reasons. After so many ends in the same place, an event there is to blame. */
export const LOSSES_UNTIL_SLICED = 2;
export const LOSSES_UNTIL_SKIPPED = 3;
/** How far into the future an event may be dated that a relay has stored, in seconds: strfry takes 900. */
export const MAX_AHEAD_SECONDS = 3600;

/** What a plan of pages has cost, how much a page may ask for, and when to give up: the same whatever the order of the pages. */
export class RecoveryEffort {
  /** What is asked for where a single second fills a page. */
  readonly maxLimit: number;
  readonly #bounds: RecoveryBounds;
  #limit: number;
  #refusals = 0;
  #pages = 0;
  #events = 0;
  #losses = 0;
  #spentMs = 0;
  #givenUp: UnrecoveredReason | undefined;
  /** Events that were too long to be read: of the page under way, and the most of any page. */
  #leftOut = 0;
  #mostLeftOut = 0;

  constructor({ bounds, maxLimit }: Pick<GapRecoveryOptions, 'bounds' | 'maxLimit'>) {
    this.#bounds = bounds;
    this.maxLimit = maxLimit ?? SECOND_LIMIT;
    this.#limit = Math.min(PAGE_LIMIT, this.maxLimit);
  }

  /** What a page is asked for with. */
  get limit(): number {
    return this.#limit;
  }

  get losses(): number {
    return this.#losses;
  }

  /** Events of the page under way that were too long to be read. */
  get leftOutOfPage(): number {
    return this.#leftOut;
  }

  get givenUp(): UnrecoveredReason | undefined {
    return this.#givenUp;
  }

  /** @returns whether a further page may be asked for: no bound is hit, and nothing was given up */
  beginPage(): boolean {
    this.#givenUp ??= this.#boundHit();
    if (this.#givenUp !== undefined) return false;
    this.#pages++;
    this.#leftOut = 0;
    return true;
  }

  /** An event has come. @returns whether there may be more of them */
  received(): boolean {
    return ++this.#events < this.#bounds.events;
  }

  leftOut(): void {
    this.#mostLeftOut = Math.max(this.#mostLeftOut, ++this.#leftOut);
  }

  /** How many pages in a row the relay has refused. */
  get refusals(): number {
    return this.#refusals;
  }

  /** The relay has given what it gives of a page: the pages that it refused before are no longer counted. */
  answered(): void {
    this.#refusals = 0;
  }

  /** The relay refuses a page. @param narrower whether to ask for less from now on */
  refused(narrower: boolean): void {
    this.#refusals++;
    if (narrower) this.#limit = Math.max(Math.min(MIN_LIMIT, this.#limit), this.#limit >> 1);
  }

  lost(): void {
    this.#losses++;
  }

  spent(ms: number): void {
    this.#spentMs += ms;
  }

  giveUp(reason: UnrecoveredReason): void {
    this.#givenUp ??= reason;
  }

  report(): Pick<RecoveryReport, 'pages' | 'events' | 'tooLong'> {
    return {
      pages: this.#pages,
      events: this.#events,
      ...(this.#mostLeftOut > 0 && { tooLong: this.#mostLeftOut }),
    };
  }

  #boundHit(): UnrecoveredReason | undefined {
    if (this.#refusals > MAX_REFUSALS) return 'refused';
    if (this.#pages >= this.#bounds.pages) return 'pages';
    if (this.#events >= this.#bounds.events) return 'events';
    if (this.#losses >= this.#bounds.losses) return 'losses';
    return this.#spentMs >= this.#bounds.timeMs ? 'timeMs' : undefined;
  }
}
