import type { LaneEntry, LaneRank } from './lane-entry.ts';
import type { LaneHost } from './lane-host.ts';
import type { Schedule } from '../basics/schedule.ts';

/**
 * Every wake that a lane has yet to send, one for each device: queued for its turn, or waiting for its time. A wake
 * that is being sent is not in here: what comes for its device meanwhile is another.
 */
export class LaneBook {
  readonly #schedule: Schedule;
  /** Called when something has come into the queue of a host by itself. */
  readonly #onQueued: (host: LaneHost) => void;
  readonly #entries = new Map<string, LaneEntry>();
  /** The wakes that are being sent, by their devices: what comes for these meanwhile is not queued yet. */
  readonly #sending = new Map<string, LaneEntry>();
  #owed = 0;

  constructor(schedule: Schedule, onQueued: (host: LaneHost) => void) {
    this.#schedule = schedule;
    this.#onQueued = onQueued;
  }

  /** Wakes that wait or are being sent, the owed ones that wait not counted. */
  get pending(): number {
    return this.#entries.size - this.#owed + this.#sending.size;
  }

  get owed(): number {
    return this.#owed;
  }

  get(device: string): LaneEntry | undefined {
    return this.#entries.get(device);
  }

  /** Queues the wake at this rank or a higher one that it has already. One that waits for a retry goes on waiting. */
  want(entry: LaneEntry, rank: LaneRank): void {
    if (entry.mustWait) return entry.rank === 'owed' ? undefined : entry.raise(rank);
    const isHere = this.#entries.get(entry.device) === entry;
    // It keeps its turn: whoever is asked for again must not be sent back.
    if (isHere && entry.cancelWait === undefined && !entry.isBelow(rank)) return;
    if (isHere) this.remove(entry);
    entry.raise(rank);
    this.#put(entry);
  }

  /** Takes the wake whose turn it is at its host. */
  take(entry: LaneEntry): void {
    entry.host.queue.take(entry);
    this.#letGo(entry);
  }

  /** A wake that was taken is being sent. */
  begin(entry: LaneEntry): void {
    this.#sending.set(entry.device, entry);
  }

  /** The attempt is over: what has come for the device meanwhile is queued. */
  end({ device }: LaneEntry): void {
    this.#sending.delete(device);
    const newer = this.#entries.get(device);
    newer?.host.queue.push(newer);
  }

  /** The wake comes back and waits. */
  postpone(entry: LaneEntry, waitMs: number): void {
    this.#reunite(entry);
    this.#hold(entry);
    this.#wait(entry, waitMs);
    entry.host.postponed.add(entry);
  }

  /** A wake that was postponed is owed from now on, and waits as it did: its place is for another one. */
  demote(entry: LaneEntry): void {
    const { cancelWait, host } = entry;
    if (cancelWait === undefined) host.queue.remove(entry);
    host.postponed.delete(entry);
    this.#becomeOwed(entry, true);
    this.#owed++;
    host.owed++;
    if (cancelWait === undefined) host.queue.push(entry);
  }

  /** The wake comes back and is owed from now on. @param waitMs before it may be tried again */
  owe(entry: LaneEntry, waitMs: number, isFirm: boolean): void {
    this.#reunite(entry);
    this.#becomeOwed(entry, isFirm);
    if (waitMs <= 0) return this.#put(entry);
    this.#hold(entry);
    this.#wait(entry, waitMs);
  }

  /** The device is owed nothing any more, unless it has become so while this wake was being sent. */
  pay({ device, wake }: LaneEntry): void {
    if (this.#entries.get(device)?.rank !== 'owed') wake.onPaid();
  }

  /** Takes out a wake that waits, in its queue or for its time. */
  remove(entry: LaneEntry): void {
    this.#letGo(entry);
    if (entry.cancelWait !== undefined) {
      entry.cancelWait();
      entry.cancelWait = undefined;
    } else if (!this.#sending.has(entry.device)) entry.host.queue.remove(entry);
  }

  /** Whatever waits for a retry is queued at once. */
  hasten(): void {
    for (const entry of this.#entries.values()) {
      if (entry.cancelWait === undefined || entry.rank === 'owed') continue;
      this.remove(entry);
      this.#put(entry);
    }
  }

  /** Gives up what waits for these hosts. @returns what there was */
  giveUp(hosts: ReadonlySet<LaneHost>): LaneEntry[] {
    const left = [...this.#entries.values()].filter(({ host }) => hosts.has(host));
    for (const entry of left) this.remove(entry);
    return left;
  }

  /** Gives up every wake that waits. @returns those, and the ones that are being sent */
  close(): LaneEntry[] {
    const left = [...this.#entries.values()];
    for (const entry of left) this.remove(entry);
    return [...left, ...this.#sending.values()];
  }

  /** What came for the device while this wake was being sent is answered by it too. */
  #reunite(entry: LaneEntry): void {
    entry.hasWaited = true;
    const newer = this.#entries.get(entry.device);
    if (newer === undefined) return;
    this.remove(newer);
    entry.takeOver(newer);
    entry.raise(newer.rank);
    entry.deadlineAt = Math.max(entry.deadlineAt, newer.deadlineAt);
  }

  #becomeOwed(entry: LaneEntry, isFirm: boolean): void {
    entry.rank = 'owed';
    entry.isFirm = isFirm;
    entry.timesOwed++;
    entry.wake.onOwed();
  }

  #put(entry: LaneEntry): void {
    this.#hold(entry);
    if (!this.#sending.has(entry.device)) entry.host.queue.push(entry);
  }

  #hold(entry: LaneEntry): void {
    this.#entries.set(entry.device, entry);
    entry.host.unsent++;
    if (entry.rank !== 'owed') return;
    this.#owed++;
    entry.host.owed++;
  }

  #letGo(entry: LaneEntry): void {
    this.#entries.delete(entry.device);
    entry.host.postponed.delete(entry);
    entry.host.unsent--;
    if (entry.rank !== 'owed') return;
    this.#owed--;
    entry.host.owed--;
  }

  #wait(entry: LaneEntry, waitMs: number): void {
    entry.cancelWait = this.#schedule(waitMs, () => {
      entry.cancelWait = undefined;
      entry.host.queue.push(entry);
      this.#onQueued(entry.host);
    });
  }
}
