import type { GapRecoveryOptions, RecoveryBounds, RecoveryReport, UnrecoveredReason } from './page-plan.ts';

/** The events that a page asks for. Most relays give so many at once (strfry). A relay that gives fewer is noticed by that. */
const PAGE_LIMIT = 500;
/** The events that are asked for if a single second fills a page, in case the relay's limit is higher. This is khatru's limit. */
const SECOND_LIMIT = 1000;
/** If a relay refuses more pages than this in a row, the gap is given up. */
const MAX_REFUSALS = 8;
/** The smallest page that is asked for, however often the relay refuses. No relay is expected to give fewer at once. */
export const MIN_LIMIT = 10;
/** A connection may end by chance. After so many ends in the same stretch, an event there is taken for the cause. */
export const LOSSES_UNTIL_SLICED = 2;
export const LOSSES_UNTIL_SKIPPED = 3;
/** How far in the future the events of a relay may be dated, in seconds. strfry accepts 900. */
export const MAX_AHEAD_SECONDS = 3600;

/** Counts what the pages of a recovery cost, and decides how many events a page asks for and when to give up. Every page plan uses it. */
export class RecoveryEffort {
  /** How many events are asked for if a single second fills a page. */
  readonly maxLimit: number;
  readonly #bounds: RecoveryBounds;
  #limit: number;
  #refusals = 0;
  #pages = 0;
  #events = 0;
  #losses = 0;
  #spentMs = 0;
  #givenUp: UnrecoveredReason | undefined;
  /** Events that were too long to be read: those of the current page, and the most of any page. */
  #leftOut = 0;
  #mostLeftOut = 0;

  constructor({
    bounds,
    maxLimit,
    pageLimit = PAGE_LIMIT,
  }: Pick<GapRecoveryOptions, 'bounds' | 'maxLimit' | 'pageLimit'>) {
    this.#bounds = bounds;
    this.maxLimit = maxLimit ?? SECOND_LIMIT;
    this.#limit = Math.min(pageLimit, this.maxLimit);
  }

  /** How many events a page asks for. */
  get limit(): number {
    return this.#limit;
  }

  get losses(): number {
    return this.#losses;
  }

  /** Events of the current page that were too long to be read. */
  get leftOutOfPage(): number {
    return this.#leftOut;
  }

  get givenUp(): UnrecoveredReason | undefined {
    return this.#givenUp;
  }

  /** @returns whether a further page may be asked for; false if a bound is hit or the gap was given up */
  beginPage(): boolean {
    this.#givenUp ??= this.#boundHit();
    if (this.#givenUp !== undefined) return false;
    this.#pages++;
    this.#leftOut = 0;
    return true;
  }

  /** An event has come. @returns whether more events may come */
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

  /** The relay has answered a page. The count of refusals in a row starts again. */
  answered(): void {
    this.#refusals = 0;
  }

  /** The relay refuses a page. @param narrower whether to ask for fewer events from now on */
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
