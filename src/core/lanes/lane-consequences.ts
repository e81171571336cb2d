import { SECOND_MS } from '../basics/clock.ts';
import type { Delivery, Owing } from './delivery.ts';
import type { KnownDevices } from './known-devices.ts';
import type { LaneBook } from './lane-book.ts';
import type { LaneEntry } from './lane-entry.ts';
import type { Lane } from './lane.ts';
import type { DropReason, LaneReport } from './lane-report.ts';

/** Within this time a change of a registration is durable or taken back. */
const CHANGE_UNDER_WAY_MS = SECOND_MS;

export interface LaneConsequencesOptions {
  readonly book: LaneBook;
  readonly report: LaneReport;
  /** Devices that had a wake delivered not long ago; absent for a push service such as FCM, which no client can make slow. */
  readonly known: KnownDevices | undefined;
}

type Entry = LaneEntry<Lane>;

/** Carries out the consequence of an attempt, as `LaneJudge` rules, and those of an entry that is not sent (contract 5). */
export class LaneConsequences {
  readonly #book: LaneBook;
  readonly #report: LaneReport;
  readonly #known: KnownDevices | undefined;
  #isStopping = false;
  #isClosed = false;
  #lost = 0;

  constructor({ book, report, known }: LaneConsequencesOptions) {
    this.#book = book;
    this.#report = report;
    this.#known = known;
  }

  /** Wakes that failed at their last try, after {@link stop}. */
  get lost(): number {
    return this.#lost;
  }

  /** The program stops: no entry is tried again after a wait. */
  stop(): void {
    this.#isStopping = true;
  }

  /** The program has stopped: no entry is owed any more. */
  close(): void {
    this.#isClosed = true;
  }

  /** An attempt is over: does what follows from its delivery. */
  async conclude(entry: Entry, delivery: Delivery): Promise<void> {
    const consequence = entry.lane.judge.rule(entry, delivery);
    entry.wake.onAttempt?.(delivery);
    entry.line = consequence.next === 'owe' || consequence.next === 'retry' ? 'retries' : 'first';
    if (consequence.next === 'renew') this.#known?.add(entry.device);
    else this.#known?.remove(entry.device);
    switch (consequence.next) {
      case 'renew':
        this.#book.pay(entry);
        await entry.wake.onDelivered();
        return entry.end('sent');
      case 'evict':
        return this.#evict(entry);
      case 'owe':
        this.owe(entry, consequence);
        break;
      case 'retry':
        if (this.#isStopping) {
          this.#lost++;
          return this.drop(entry, 'stopped');
        }
        this.#book.postpone(entry, consequence.waitMs);
        break;
    }
    // The registrations may have changed during the attempt.
    await this.follow(entry.device);
  }

  /** The registrations behind the device's wake have changed. A waiting wake is asked now where it is wanted, because its turn may be hours away. */
  async follow(device: string): Promise<void> {
    const entry = this.#book.get(device);
    if (entry === undefined) return;
    const wanted = await entry.wake.stillWanted();
    // If the entry's turn has come meanwhile, its wake was asked then.
    if (wanted.move === undefined || this.#book.get(device) !== entry) return;
    const isWhole = entry.move(wanted.move);
    if (wanted.here !== undefined || !isWhole) return;
    this.#book.remove(entry);
    entry.end('sent');
  }

  owe(entry: Entry, { reason, waitMs, isFirm }: Omit<Owing, 'next'>): void {
    if (this.#isClosed) return entry.end('dropped');
    this.#report.owed(entry, reason);
    this.#book.owe(entry, waitMs, isFirm);
    entry.end('owed');
  }

  /** Makes a postponed entry an owed one, so that a new entry can have its place in a full queue. */
  demote(entry: Entry): void {
    this.#report.owed(entry, 'overload');
    this.#book.demote(entry);
    entry.end('owed');
  }

  /** Drops an entry whose keys are all unregistered. */
  release(entry: Entry): void {
    this.#book.pay(entry);
    this.drop(entry, 'unregistered');
  }

  drop(entry: Entry, reason: DropReason): void {
    this.#report.dropped(entry, reason);
    entry.end('dropped');
  }

  /** Evicts a device that is gone. Keys that were registered with another device during the attempt stay. */
  async #evict(entry: Entry): Promise<void> {
    await entry.wake.onGone();
    const where = await entry.look();
    if (where === 'unregistered') this.#book.pay(entry);
    if (typeof where === 'string') return entry.end('sent');
    // A key still points at the device, because its move to another device is not durable yet.
    this.owe(entry, { reason: 'suspect', waitMs: CHANGE_UNDER_WAY_MS, isFirm: false });
  }
}
