import type { PushTarget } from '../registry/push-target.ts';
import { RANKS, type LaneLine, type LaneRank, type Place } from './lane-queue.ts';
import { worstEnd, type Wake, type WakeEnd, type Wanted } from './wake.ts';

/**
 * Where an entry is. `LaneBook` alone changes it:
 *
 *   out ──▶ queued ──▶ sending ──▶ out
 *    │        ▲           │
 *    ├▶ behind┤           │
 *    └▶ waiting ◀─────────┘
 *
 * Whether the entry is owed is its rank, and not a state: an owed entry is queued, sent and waits as others do.
 */
export type EntryState = Out | Behind | Place | Sending | Waiting;

/** In no place: the entry is new, or its turn has come, or it has ended. */
export interface Out {
  readonly is: 'out';
}

/** An earlier entry of the device is being sent. This entry is queued after that. */
export interface Behind {
  readonly is: 'behind';
}

/** An attempt is under way. */
export interface Sending {
  readonly is: 'sending';
}

/** The entry is queued after a wait. */
export interface Waiting {
  readonly is: 'waiting';
  /** No new event shortens the wait: a retry waits, or the wait was promised to the push service. */
  readonly isFirm: boolean;
  readonly cancel: () => void;
}

export const OUT: Out = { is: 'out' };
export const BEHIND: Behind = { is: 'behind' };
export const SENDING: Sending = { is: 'sending' };

/** The one wake that a device has to get from its lane, and what is known of it. */
export class LaneEntry<Lane = unknown> {
  readonly device: string;
  readonly target: PushTarget;
  readonly lane: Lane;
  /** All wakes that were asked for the device, as one. */
  wake: Wake;
  rank: LaneRank;
  /** `LaneBook` alone sets it. */
  state: EntryState = OUT;
  /** The line of the queue that the entry joins next. */
  line: LaneLine = 'first';
  /** After this, in milliseconds, the wake is given up and owed. */
  deadlineAt: number;
  /** When the entry was queued first, in milliseconds. */
  queuedAt = Infinity;
  /** The wake has waited, here or before it came here. It may be wanted no longer, so the wake is asked before an attempt. */
  hasWaited: boolean;
  /** Until when the push service wants the device to be left alone, in milliseconds. */
  restUntil = -Infinity;
  /** How often an attempt has failed. */
  failures = 0;
  /** How often the wake has become owed. */
  timesOwed = 0;
  /** A push service refused the wake, or called the device gone: no loss when the program ends. */
  isRefused = false;
  // Thousands of entries may wait: an array is made when the first end is asked for.
  #ends: ((end: WakeEnd) => void)[] | undefined;

  constructor(wake: Wake, lane: Lane, deadlineAt: number) {
    this.wake = wake;
    this.device = wake.device;
    this.target = wake.target;
    this.lane = lane;
    this.rank = wake.priority;
    this.deadlineAt = deadlineAt;
    this.hasWaited = wake.wasHeld;
  }

  /** The entry waits, and no new event shortens its wait. */
  get mustWait(): boolean {
    return this.state.is === 'waiting' && this.state.isFirm;
  }

  /** Takes in a further wake for the device: one push answers both. */
  absorb(wake: Wake): void {
    this.wake = this.wake.with(wake);
  }

  /** Whether the given rank is more urgent than the entry's. */
  isBelow(rank: LaneRank): boolean {
    return RANKS.indexOf(rank) < RANKS.indexOf(this.rank);
  }

  raise(rank: LaneRank): void {
    if (this.isBelow(rank)) this.rank = rank;
  }

  /** Takes over a later entry of the same device. Callers that wait for the end of that entry now wait for the end of this one. */
  takeOver(other: LaneEntry): void {
    this.absorb(other.wake);
    this.failures = Math.max(this.failures, other.failures);
    this.deadlineAt = Math.max(this.deadlineAt, other.deadlineAt);
    this.raise(other.rank);
    for (const resolve of other.#ends ?? []) this.#tell(resolve);
    other.#ends = undefined;
  }

  /**
   * Asks the wake where it is wanted now that its turn has come. If it is wanted at other devices, wakes go there.
   *
   * @returns the wake's own device as it is registered now; `moved` if the wake is wanted at other devices only; `unregistered` if it is
   *   wanted at none
   */
  async look(): Promise<PushTarget | 'moved' | 'unregistered'> {
    const { here, move } = await this.wake.stillWanted();
    if (move !== undefined) this.move(move);
    return here ?? (move === undefined ? 'unregistered' : 'moved');
  }

  /**
   * Lets wakes of other devices take over a part of this wake, or all of it. Callers that wait for the end of this entry now wait for the
   * ends of those wakes too.
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
