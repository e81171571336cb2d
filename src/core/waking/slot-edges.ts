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

/** A coming edge. */
interface Edge {
  /** By the monotonic clock. */
  readonly at: number;
  /** By the time of day. It is worked out apart, so that no rounding of the other clock is in it. */
  readonly time: number;
}

/** The edge that is waited for. */
interface Awaited {
  readonly edge: Edge;
  /** When the wait began, by the monotonic clock. */
  readonly since: number;
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
    return Math.max(0, (this.#awaited?.edge ?? this.#next(now)).at - now);
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
  #await(since: number, edge = this.#next(since)): void {
    const { monotonic, schedule } = this.#options;
    const cancel = schedule(Math.max(0, edge.at - monotonic()), () => this.#onTimer());
    this.#awaited = { since, edge, cancel };
  }

  #onTimer(): void {
    const awaited = this.#awaited;
    if (awaited === undefined) return;
    const { monotonic, slotMs } = this.#options;
    const [now, time] = [monotonic(), this.#time()];
    // A clock that is being slewed, or was rounded down, may come to the edge some milliseconds later.
    const lateMs = now - awaited.edge.at;
    const passedBy = time - awaited.edge.time;
    const setBy = passedBy - lateMs;
    const next = this.#next(now, time);
    const isMissed = passedBy < 0 || setBy >= slotMs / 2;
    if (isMissed && next.at <= awaited.since + 2 * slotMs) return this.#await(awaited.since, next);
    this.#awaited = undefined;
    this.#lastAt = now;
    this.#lastLateMs = lateMs;
    const callbacks = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of callbacks) callback(lateMs);
  }

  /** The next edge after `now`, and not sooner than half a slot after the last one; both by the monotonic clock. */
  #next(now: number, time = this.#time()): Edge {
    const { offsetMs, slotMs } = this.#options;
    const passed = (time - offsetMs) % slotMs;
    let waitMs = slotMs - (passed < 0 ? passed + slotMs : passed);
    if (now + waitMs - this.#lastAt < slotMs / 2) waitMs += slotMs;
    return { at: now + waitMs, time: time + waitMs };
  }

  /** The time of day in whole milliseconds, so that nothing is lost when edges are compared. */
  #time(): number {
    return Math.floor(this.#options.clock());
  }
}
