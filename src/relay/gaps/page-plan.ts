import type { RecoveryBounds } from './recovery-bounds.ts';

/** A REQ for stored events, newest first: unix seconds, both ends included. */
export interface Page {
  readonly since: number;
  readonly until?: number;
  readonly limit: number;
}

/** What a plan is made for. */
export interface GapRecoveryOptions {
  /** Unix seconds: how far back the gap reaches. */
  readonly since: number;
  /** The relay's `max_limit` (NIP-11). */
  readonly maxLimit: number | undefined;
  readonly bounds: RecoveryBounds;
  /** Seconds with an event that ends the connection, found by earlier recoveries: they are gone around. */
  readonly poisoned: readonly number[];
}

/**
 * Why something was not recovered: a bound was hit, or the relay
 * - `refused`: gives nothing of what it has stored;
 * - `inconsistent`: contradicts itself, so that nobody knows what it has stored;
 * - `unanswered`: has answered no page, neither by an event nor by EOSE.
 */
export type UnrecoveredReason = keyof RecoveryBounds | 'refused' | 'inconsistent' | 'unanswered';

/** Works out which pages to ask for. Told what came of each page, it says which is the next one. */
export interface PagePlan {
  /** The page to ask for now, or `undefined` when there is nothing left to ask. */
  next(): Page | undefined;
  /**
   * @param createdAt as the event has it. Some relays store times that are no whole number, or too large to count down from.
   * @returns whether there may be more of them
   */
  received(createdAt: number, id: string): boolean;
  /** An event of the page was too long to be read. */
  leftOut(): void;
  /** Whether the page had nothing but events that were too long: such a page says as little as one that ended the connection. */
  readonly isUnread: boolean;
  /** The relay says that the page ends here (EOSE). */
  ended(): void;
  /**
   * The relay refuses the page, after some of its events or before the first.
   *
   * @param narrower whether to ask for less from now on
   * @returns whether the next page is another one all the same
   */
  refused(narrower: boolean): boolean;
  /** The connection has ended in the middle of a page. @param now unix seconds */
  lost(now: number): void;
  /** @param ms milliseconds that a page has taken, waits included */
  spent(ms: number): void;
  giveUp(reason: UnrecoveredReason): void;
  report(): RecoveryReport;
}

/** How a recovery went. */
export interface RecoveryReport {
  readonly pages: number;
  readonly events: number;
  /** Seconds that hold more events than the relay gives at once: what exceeds a page of them was not given. */
  readonly crowdedSeconds: number;
  /** Seconds with an event that ends the connection. */
  readonly poisonedSeconds: readonly number[];
  /** Events that were too long to be read, at the least: the most of one page. Absent where there were none. */
  readonly tooLong?: number;
  /** What was given up, in unix seconds. */
  readonly unrecovered?: {
    readonly since: number;
    readonly until: number;
    readonly reason: UnrecoveredReason;
  };
}
