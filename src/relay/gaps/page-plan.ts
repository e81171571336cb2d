import type { EoseHint } from '../wire/relay-message.ts';
import { MINUTE_MS } from '../../core/basics/clock.ts';

/** What one recovery may cost. A recovery that hits a bound is incomplete, which is an alarm. */
export interface RecoveryBounds {
  readonly pages: number;
  readonly events: number;
  /** Connections that ended in the middle of a page. */
  readonly losses: number;
  /** The time spent asking, in milliseconds. It includes waits after refused pages. */
  readonly timeMs: number;
}

/** Enough for two days of gift wraps of a relay with three a second: some 1.5 GB, or a quarter of an hour at 2 MB a second. */
export const RECOVERY_BOUNDS: RecoveryBounds = {
  pages: 5000,
  events: 500_000,
  losses: 200,
  timeMs: 15 * MINUTE_MS,
};

/** An audit costs less than a recovery may: it looks for events that are probably not missing. */
export const AUDIT_BOUNDS: RecoveryBounds = {
  pages: 5000,
  events: 500_000,
  losses: 20,
  timeMs: 10 * MINUTE_MS,
};

/** How many events a page of an audit asks for, so that a live event never waits behind many stored ones. */
export const AUDIT_PAGE_LIMIT = 100;

/** The filter of a REQ for stored events. The times are unix seconds, both ends included. */
export interface Page {
  readonly since: number;
  readonly until?: number;
  readonly limit: number;
}

/** The filter of a REQ for events whose ids are known. */
export interface IdPage {
  readonly ids: readonly string[];
  readonly limit: number;
}

export interface LargestPage {
  events: number;
}

/** The gap that pages are planned for. */
export interface GapRecoveryOptions {
  /** Where the gap begins, in unix seconds. */
  readonly since: number;
  /** The relay's `max_limit` (NIP-11). */
  readonly maxLimit: number | undefined;
  /** The most events that the relay has ever given for a page. If present, `finish` (NIP-67) is believed of smaller pages. */
  readonly largestPage?: LargestPage;
  /** How many events a page asks for; absent: as many as most relays give. */
  readonly pageLimit?: number;
  readonly bounds: RecoveryBounds;
  /** Poisoned seconds that earlier recoveries found: each holds an event that ends the connection. They are not asked for. */
  readonly poisoned: readonly number[];
}

/**
 * Why a recovery is incomplete. A bound was hit, or:
 * - `bytes`: an audit has received as much as it may.
 * - `refused`: the relay gives no stored events.
 * - `inconsistent`: its pages contradict each other, so it is unknown what it has stored.
 * - `unanswered`: it has answered no page, neither with an event nor with EOSE.
 */
export type UnrecoveredReason = keyof RecoveryBounds | 'bytes' | 'refused' | 'inconsistent' | 'unanswered';

/** Decides which page of a gap to ask for next. It is told what came of each page. */
export interface PagePlan {
  /** The page to ask for now, or `undefined` if nothing is left to ask for. */
  next(): Page | IdPage | undefined;
  /**
   * An event of the page has come.
   *
   * @param createdAt as the event has it. Some relays store times that are not whole numbers, or too large to count down from.
   * @returns whether more events may come; false if a bound is hit
   */
  received(createdAt: number, id: string): boolean;
  /** An event of the page was too long to be read. */
  leftOut(): void;
  /** Whether all events of the page were too long to be read. Such a page counts as one that ended the connection. */
  readonly isUnread: boolean;
  /** The page has ended (EOSE). @param hint what the relay says of further events (NIP-67) */
  ended(hint?: EoseHint): void;
  /**
   * The relay refuses the page, before its first event or after some.
   *
   * @param narrower whether to ask for fewer events from now on
   * @returns whether the next page is a different one
   */
  refused(narrower: boolean): boolean;
  /** The connection has ended in the middle of the page. @param now unix seconds */
  lost(now: number): void;
  /** @param ms how long the page took, waits included, in milliseconds */
  spent(ms: number): void;
  giveUp(reason: UnrecoveredReason): void;
  report(): RecoveryReport;
}

/** How a recovery went. */
export interface RecoveryReport {
  readonly pages: number;
  readonly events: number;
  /** Seconds with more events than the relay gives at once. The events beyond one page were not given. */
  readonly crowdedSeconds: number;
  /** Seconds with an event that ends the connection. Nothing of them was recovered. */
  readonly poisonedSeconds: readonly number[];
  /** At least so many events were too long to be read: the most in one page. Absent if there were none. */
  readonly tooLong?: number;
  /** The part of the gap that was given up, in unix seconds. */
  readonly unrecovered?: {
    readonly since: number;
    readonly until: number;
    readonly reason: UnrecoveredReason;
  };
}
