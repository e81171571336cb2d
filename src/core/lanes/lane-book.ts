import type { Schedule } from '../basics/clock.ts';
import { BEHIND, OUT, SENDING, type LaneEntry } from './lane-entry.ts';
import type { Lane } from './lane.ts';
import type { LaneLine, LaneRank } from './lane-queue.ts';

type Entry = LaneEntry<Lane>;

/**
 * Every wake of one provider that has not ended, and the one place where the state of an entry changes. A device has at most two
 * entries: one that is being sent, and one for the wakes that were asked for during that attempt.
 */
export class LaneBook {
  readonly #schedule: Schedule;
  /** Called when an entry has come into the queue of a lane because its wait is over. */
  readonly #onQueued: (lane: Lane) => void;
  /** The entries that are not being sent, by their devices. */
  readonly #unsent = new Map<string, Entry>();
  /** The entries that are being sent, by their devices. */
  readonly #sending = new Map<string, Entry>();
  #owed = 0;

  constructor(schedule: Schedule, onQueued: (lane: Lane) => void) {
    this.#schedule = schedule;
    this.#onQueued = onQueued;
  }

  /** The number of entries, without the owed ones that are not being sent. */
  get pending(): number {
    return this.#unsent.size - this.#owed + this.#sending.size;
  }

  get owed(): number {
    return this.#owed;
  }

  /** The entry of the device that is not being sent. */
  get(device: string): Entry | undefined {
    return this.#unsent.get(device);
  }

  /** Queues an entry that is in no place. */
  add(entry: Entry): void {
    this.#enter(entry);
    this.#queue(entry);
  }

  /** Gives an entry this rank, or leaves it a more urgent one. An entry that must wait goes on waiting. */
  raise(entry: Entry, rank: LaneRank): void {
    if (entry.mustWait) return entry.rank === 'owed' ? undefined : entry.raise(rank);
    // An entry that is queued at this rank, or at a more urgent one, keeps its turn.
    if (entry.state.is !== 'waiting' && !entry.isBelow(rank)) return;
    this.remove(entry);
    entry.raise(rank);
    this.add(entry);
  }

  /** Takes the entry whose turn it is in its lane. @returns the line that it had its turn in */
  take(entry: Entry): LaneLine {
    const { state } = entry;
    if (state.is !== 'queued') throw new Error(`an entry is ${state.is}, and has no turn`);
    entry.lane.queue.take(entry, state);
    this.#leave(entry);
    return state.line;
  }

  /** An attempt begins with an entry that was taken. */
  begin(entry: Entry): void {
    entry.state = SENDING;
    this.#sending.set(entry.device, entry);
  }

  /** The attempt is over. The entry of the wakes that were asked for during the attempt is queued. */
  end(entry: Entry): void {
    entry.state = OUT;
    this.#sending.delete(entry.device);
    const next = this.#unsent.get(entry.device);
    if (next?.state.is === 'behind') this.#queue(next);
  }

  /** The entry comes back from an attempt, and waits for the next one. */
  postpone(entry: Entry, waitMs: number): void {
    this.#reunite(entry);
    this.#enter(entry);
    this.#wait(entry, waitMs, true);
    entry.lane.postponed.add(entry);
  }

  /** Makes a postponed entry an owed one, so that a new entry can have its place. The entry's wait stays as it is. */
  demote(entry: Entry): void {
    const { lane } = entry;
    const isQueued = entry.state.is === 'queued';
    if (isQueued) lane.queue.leave();
    lane.postponed.delete(entry);
    this.#becomeOwed(entry);
    this.#owed++;
    lane.owed++;
    if (isQueued) entry.state = lane.queue.push(entry);
  }

  /**
   * An entry that is in no place is owed from now on.
   *
   * @param waitMs before the entry is queued
   * @param isFirm whether no new event shortens that wait
   */
  owe(entry: Entry, waitMs: number, isFirm: boolean): void {
    this.#reunite(entry);
    this.#becomeOwed(entry);
    this.#enter(entry);
    if (waitMs <= 0) this.#queue(entry);
    else this.#wait(entry, waitMs, isFirm);
  }

  /** Pays the wake that the device was owed, unless a further wake has become owed while this entry was being sent. */
  pay({ device, wake }: Entry): void {
    if (this.#unsent.get(device)?.rank !== 'owed') wake.onPaid();
  }

  /** Takes out an entry that is not being sent. */
  remove(entry: Entry): void {
    const { state } = entry;
    this.#leave(entry);
    if (state.is === 'waiting') state.cancel();
    else if (state.is === 'queued') entry.lane.queue.leave();
  }

  /** Queues at once the entries that wait for a retry. */
  hasten(): void {
    for (const entry of this.#unsent.values()) {
      if (entry.state.is !== 'waiting' || entry.rank === 'owed') continue;
      this.remove(entry);
      this.add(entry);
    }
  }

  /** Gives up the entries of these lanes that are not being sent. @returns those entries */
  giveUp(lanes: ReadonlySet<Lane>): Entry[] {
    const left = [...this.#unsent.values()].filter(({ lane }) => lanes.has(lane));
    for (const entry of left) this.remove(entry);
    return left;
  }

  /** Gives up every entry that is not being sent. @returns those, and the ones that are being sent */
  close(): Entry[] {
    const left = [...this.#unsent.values()];
    for (const entry of left) this.remove(entry);
    return [...left, ...this.#sending.values()];
  }

  /** Lets the entry take over the one that was made for its device during the attempt. */
  #reunite(entry: Entry): void {
    entry.hasWaited = true;
    const newer = this.#unsent.get(entry.device);
    if (newer === undefined) return;
    this.remove(newer);
    entry.takeOver(newer);
  }

  #becomeOwed(entry: Entry): void {
    entry.rank = 'owed';
    entry.timesOwed++;
    entry.wake.onOwed();
  }

  #enter(entry: Entry): void {
    this.#unsent.set(entry.device, entry);
    entry.lane.unsent++;
    if (entry.rank !== 'owed') return;
    this.#owed++;
    entry.lane.owed++;
  }

  #leave(entry: Entry): void {
    entry.state = OUT;
    this.#unsent.delete(entry.device);
    entry.lane.postponed.delete(entry);
    entry.lane.unsent--;
    if (entry.rank !== 'owed') return;
    this.#owed--;
    entry.lane.owed--;
  }

  #queue(entry: Entry): void {
    entry.state = this.#sending.has(entry.device) ? BEHIND : entry.lane.queue.push(entry);
  }

  #wait(entry: Entry, waitMs: number, isFirm: boolean): void {
    const cancel = this.#schedule(waitMs, () => {
      this.#queue(entry);
      this.#onQueued(entry.lane);
    });
    entry.state = { is: 'waiting', isFirm, cancel };
  }
}
