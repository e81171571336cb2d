import { displaceableIfMadeBy } from '../../core/registry/registration.ts';
import { NETWORKS, NetworkCounts, NO_NETWORK } from './network-counts.ts';
import { Column, NO_ROW, RowRings } from './rows.ts';

/**
 * Which registration gives way to a new key at the cap (contract 1.1): the oldest one that may, of the network that holds the
 * most, unless the newcomer's own network holds more than that one. So a flood displaces itself. Every registration counts
 * for its network, and those that are unsigned and were never woken wait in a ring of the network, oldest first.
 */
export class Displacement {
  readonly #networks = new Column((length) => new Uint16Array(length));
  readonly #counts = new NetworkCounts();
  readonly #rings = new RowRings();
  /** The oldest that may give way of each network, or {@link NO_ROW}. */
  readonly #oldest = new Int32Array(NETWORKS);
  readonly #registeredAt: (row: number) => number;

  /** @param registeredAt of a row, in milliseconds since the epoch */
  constructor(registeredAt: (row: number) => number) {
    this.#registeredAt = registeredAt;
  }

  /** Makes room for a row that is new. */
  begin(row: number): void {
    this.#networks.reach(row);
    this.#rings.begin(row);
  }

  networkOf(row: number): number {
    return this.#networks.get(row);
  }

  /** Counts a row for its network. @param isDisplaceable whether it may ever: unsigned, and never woken */
  join(row: number, network: number, isDisplaceable: boolean): void {
    this.#networks.set(row, network);
    this.#counts.add(network, 1);
    if (isDisplaceable) this.#wait(row, network);
  }

  /** The row is held, and gives way no longer. */
  spare(row: number): void {
    const network = this.networkOf(row);
    if (this.#oldest[network] === row) {
      const next = this.#rings.next(row);
      this.#begin(network, next === row ? NO_ROW : next);
    }
    this.#rings.leave(row);
  }

  leave(row: number): void {
    this.spare(row);
    this.#counts.add(this.networkOf(row), -1);
  }

  /** The row that gives way to a newcomer of this network at `now`, in milliseconds, or {@link NO_ROW}. */
  choose(newcomer: number, now: number): number {
    const network = this.#counts.largest(this.#counts.of(newcomer), displaceableIfMadeBy(now));
    return network === undefined ? NO_ROW : (this.#oldest[network] as number);
  }

  /** Puts what was read from the disk in the order of its age, whatever the order in which it came. */
  sort(): void {
    const rows: number[] = [];
    for (;;) {
      const one = this.#oldest[NO_NETWORK] as number;
      if (one === NO_ROW) break;
      rows.push(one);
      this.spare(one);
    }
    for (const row of rows.toSorted((a, b) => this.#registeredAt(a) - this.#registeredAt(b)))
      this.#wait(row, NO_NETWORK);
  }

  #wait(row: number, network: number): void {
    const oldest = this.#oldest[network] as number;
    if (oldest === NO_ROW) this.#begin(network, row);
    else this.#rings.join(row, oldest);
  }

  /** The ring of a network begins with this row from now on. */
  #begin(network: number, row: number): void {
    this.#oldest[network] = row;
    this.#counts.setOldest(network, row === NO_ROW ? Infinity : this.#registeredAt(row));
  }
}
