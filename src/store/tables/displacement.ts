import { givesWayIfMadeBy } from '../../core/registry/registration.ts';
import { Column } from './column.ts';
import { NETWORKS, NetworkCounts, NO_NETWORK } from './network-counts.ts';
import { NO_RECORD } from './record-numbers.ts';
import { RecordRings } from './record-rings.ts';

/**
 * Which registration gives way to a new key at the cap (contract 1.1): the oldest one that may, of the network that holds the
 * most, unless the newcomer's own network holds more than that one. So a flood displaces itself. Every registration counts
 * for its network, and those that are unsigned and were never woken wait in a ring of the network, oldest first.
 */
export class GivingWay {
  readonly #networks = new Column((length) => new Uint16Array(length));
  readonly #counts = new NetworkCounts();
  readonly #rings = new RecordRings();
  /** The oldest that may give way of each network, or {@link NO_RECORD}. */
  readonly #oldest = new Int32Array(NETWORKS);
  readonly #registeredAt: (record: number) => number;

  /** @param registeredAt of a record, in milliseconds since the epoch */
  constructor(registeredAt: (record: number) => number) {
    this.#registeredAt = registeredAt;
  }

  /** Makes room for a record that is new. */
  begin(record: number): void {
    this.#networks.reach(record);
    this.#rings.begin(record);
  }

  networkOf(record: number): number {
    return this.#networks.get(record);
  }

  /** Counts a record for its network. @param mayGiveWay whether it may ever: unsigned, and never woken */
  join(record: number, network: number, mayGiveWay: boolean): void {
    this.#networks.set(record, network);
    this.#counts.add(network, 1);
    if (mayGiveWay) this.#wait(record, network);
  }

  /** The record is held, and gives way no longer. */
  spare(record: number): void {
    const network = this.networkOf(record);
    if (this.#oldest[network] === record) {
      const next = this.#rings.next(record);
      this.#begin(network, next === record ? NO_RECORD : next);
    }
    this.#rings.leave(record);
  }

  leave(record: number): void {
    this.spare(record);
    this.#counts.add(this.networkOf(record), -1);
  }

  /** The record that gives way to a newcomer of this network at `now`, in milliseconds, or {@link NO_RECORD}. */
  choose(newcomer: number, now: number): number {
    const network = this.#counts.largest(this.#counts.of(newcomer), givesWayIfMadeBy(now));
    return network === undefined ? NO_RECORD : (this.#oldest[network] as number);
  }

  /** Puts what was read from the disk in the order of its age, whatever the order in which it came. */
  sort(): void {
    const records: number[] = [];
    for (;;) {
      const one = this.#oldest[NO_NETWORK] as number;
      if (one === NO_RECORD) break;
      records.push(one);
      this.spare(one);
    }
    for (const record of records.toSorted((a, b) => this.#registeredAt(a) - this.#registeredAt(b)))
      this.#wait(record, NO_NETWORK);
  }

  #wait(record: number, network: number): void {
    const oldest = this.#oldest[network] as number;
    if (oldest === NO_RECORD) this.#begin(network, record);
    else this.#rings.join(record, oldest);
  }

  /** The ring of a network begins with this record from now on. */
  #begin(network: number, record: number): void {
    this.#oldest[network] = record;
    this.#counts.setOldest(network, record === NO_RECORD ? Infinity : this.#registeredAt(record));
  }
}
