import type { LaneHost } from './lane-host.ts';
import type { LaneLine } from './lane-queue.ts';
import type { PushTarget } from '../registry/push-target.ts';
import { worstEnd, type Wake, type WakeEnd, type WakePriority, type Wanted } from './wake.ts';

/** Where an entry waits: for its turn, or, `owed`, until nothing else does. */
export type LaneRank = WakePriority | 'owed';

/** The most urgent one first. */
export const RANKS: readonly LaneRank[] = ['live', 'recovered', 'owed'];

/** The one wake that a device has to get from its lane. */
export class LaneEntry {
  readonly device: string;
  readonly target: PushTarget;
  readonly host: LaneHost;
  /** All that was asked for the device, as one wake. */
  wake: Wake;
  rank: LaneRank;
  /** After this, in milliseconds, it is given up and owed. */
  deadlineAt: number;
  /** When it was queued, in milliseconds. */
  queuedAt = Infinity;
  /** Whether it has waited, here or before it came here, so that the device may have been unregistered meanwhile. */
  hasWaited: boolean;
  /** How often it has failed. */
  failures = 0;
  /** Whether it was tried and did not come through. */
  hasFailed = false;
  /** Whether its device had a wake delivered not long ago. */
  isKnown = false;
  /** The line of the queue that it was put in last. */
  line: LaneLine = 'first';
  /** How often it was owed since it last was not. */
  timesOwed = 0;
  /** Whether a push service refused it, or called the device gone: not a loss when the program ends. */
  isRefused = false;
  /** Whether no new event shortens its wait: the wait was promised to the push service, or its place was given to another wake. */
  isFirm = false;
  /** Cancels the wait that it is in; absent while it is queued or being sent. */
  cancelWait: (() => void) | undefined;
  /** Counts its places in the queue: only the last one is true. */
  ticket = 0;
  // Thousands of entries may wait: an array is made when the first end is asked for.
  #ends: ((end: WakeEnd) => void)[] | undefined;

  constructor(wake: Wake, host: LaneHost, deadlineAt: number) {
    this.wake = wake;
    this.device = wake.device;
    this.target = wake.target;
    this.host = host;
    this.rank = wake.priority;
    this.deadlineAt = deadlineAt;
    this.hasWaited = wake.wasHeld;
  }

  /** Whether it waits, and nothing may send it before. */
  get mustWait(): boolean {
    return this.cancelWait !== undefined && (this.isFirm || this.rank !== 'owed');
  }

  /** Takes in a further wake for the device: one push answers both. */
  absorb(wake: Wake): void {
    this.wake = this.wake.with(wake);
  }

  /** Whether this rank is a more urgent one. */
  isBelow(rank: LaneRank): boolean {
    return RANKS.indexOf(rank) < RANKS.indexOf(this.rank);
  }

  raise(rank: LaneRank): void {
    if (this.isBelow(rank)) this.rank = rank;
  }

  /** Takes over another entry of the same device, with everyone who waits for it. */
  takeOver(other: LaneEntry): void {
    this.absorb(other.wake);
    this.failures = Math.max(this.failures, other.failures);
    for (const resolve of other.#ends ?? []) this.#tell(resolve);
    other.#ends = undefined;
  }

  /**
   * Asks the wake, whose turn has come, where it is wanted by now, and sends wakes to the other devices among these.
   *
   * @returns the wake's own device as it is registered by now; `moved` if the wake is wanted at other devices only; `unregistered` if nowhere
   */
  async look(): Promise<PushTarget | 'moved' | 'unregistered'> {
    const { here, move } = await this.wake.stillWanted();
    if (move !== undefined) this.move(move);
    return here ?? (move === undefined ? 'unregistered' : 'moved');
  }

  /**
   * Wakes of other devices take over a part of the wake, or all of it. What waits for the end of this entry waits for theirs too.
   *
   * @returns whether nothing was added to the wake since it was asked
   */
  move(go: NonNullable<Wanted['move']>): boolean {
    const { end: elsewhere, isWhole } = go(this.rank === 'live' ? 'live' : 'recovered');
    this.#ends = this.#ends?.map(
      (resolve) => (end) => void elsewhere.then((other) => resolve(worstEnd([end, other]))),
    );
    return isWhole;
  }

  whenEnded(): Promise<WakeEnd> {
    return new Promise((resolve) => this.#tell(resolve));
  }

  end(how: WakeEnd): void {
    const ends = this.#ends ?? [];
    this.#ends = undefined;
    for (const resolve of ends) resolve(how);
  }

  #tell(resolve: (end: WakeEnd) => void): void {
    if (this.#ends === undefined) this.#ends = [resolve];
    else this.#ends.push(resolve);
  }
}
