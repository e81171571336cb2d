import type { Clock, Schedule } from '../basics/clock.ts';

export interface SlotEdgesOptions {
  /** `WAKE_SLOT_SECONDS`, in milliseconds. */
  readonly slotMs: number;
  /** The edges lie so many milliseconds after the multiples of a slot: a constant of this server. */
  readonly offsetMs: number;
  /** The time of day. It may be set. */
  readonly clock: Clock;
  readonly monotonic: Clock;
  readonly schedule: Schedule;
}

/** The edge that is waited for. Both times are monotonic. */
interface Awaited {
  readonly since: number;
  readonly at: number;
  /** The time of day less the monotonic time when the wait began. Another difference means that the clock was set. */
  readonly clockOffset: number;
  readonly cancel: () => void;
}

/**
 * The edges of slots (contract 9): moments of the time of day at which wakes leave. Nothing is scheduled while nobody waits for an edge.
 *
 * The time of day says where the edges are; the monotonic clock keeps a clock that is set from doing harm. Two edges are at least half a
 * slot apart, and nobody waits longer than two slots.
 */
export class SlotEdges {
  readonly #options: SlotEdgesOptions;
  readonly #waiting = new Set<(lateMs: number) => void>();
  #awaited: Awaited | undefined;
  /** When the last edge was, by the monotonic clock. */
  #lastAt = -Infinity;
  #lastLateMs: number | undefined;

  constructor(options: SlotEdgesOptions) {
    this.#options = options;
  }

  /** How long it is until the next edge, in milliseconds. */
  get nextInMs(): number {
    const now = this.#options.monotonic();
    return Math.max(0, (this.#awaited?.at ?? this.#nextAt(now)) - now);
  }

  /** Calls back at the next edge, once. @param callback gets how late the call is, in milliseconds. A function waits once at most */
  next(callback: (lateMs: number) => void): void {
    this.#waiting.add(callback);
    if (this.#awaited === undefined) this.#await(this.#options.monotonic());
  }

  /** How late the last edge was told, in milliseconds; `undefined` before the first. */
  get lastLateMs(): number | undefined {
    return this.#lastLateMs;
  }

  /** Calls back no more. Nothing is scheduled while nobody waits. */
  forget(callback: (lateMs: number) => void): void {
    this.#waiting.delete(callback);
    if (this.#waiting.size > 0) return;
    this.#awaited?.cancel();
    this.#awaited = undefined;
  }

  /** @param since when the first callback of those that wait began to wait */
  #await(since: number, at = this.#nextAt(since)): void {
    const { clock, monotonic, schedule } = this.#options;
    const now = monotonic();
    const cancel = schedule(Math.max(0, at - now), () => this.#onTimer());
    this.#awaited = { since, at, clockOffset: clock() - now, cancel };
  }

  #onTimer(): void {
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    const { clock, monotonic, slotMs } = this.#options;
    const now = monotonic();
    // Small differences are those of a clock that is being slewed: set back by some milliseconds, it has not come to the edge yet.
    const setBy = clock() - now - awaited.clockOffset;
    const next = this.#nextAt(now);
    const isMissed = setBy < 0 || setBy >= slotMs / 2;
    if (isMissed && next <= awaited.since + 2 * slotMs) return this.#await(awaited.since, next);
    this.#awaited = undefined;
    this.#lastAt = now;
    this.#lastLateMs = now - awaited.at;
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) callback(this.#lastLateMs);
  }

  /** The next edge after `now`, and not sooner than half a slot after the last one; both by the monotonic clock. */
  #nextAt(now: number): number {
    const { clock, offsetMs, slotMs } = this.#options;
    const passed = (clock() - offsetMs) % slotMs;
    const at = now + slotMs - (passed < 0 ? passed + slotMs : passed);
    return at - this.#lastAt < slotMs / 2 ? at + slotMs : at;
  }
}
