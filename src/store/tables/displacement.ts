import { displaceableIfMadeBy } from '../../core/registry/registration.ts';
import { NETWORKS, NetworkCounts, NO_NETWORK } from './network-counts.ts';
import { Column, NO_ROW, RowRings } from './rows.ts';

/**
 * Chooses the registration that a new key displaces when the store is full (contract 1.1): the oldest displaceable registration of the
 * network with the most registrations, if that network has at least as many as the newcomer's. So a flood from one network displaces its
 * own registrations. A registration is displaceable while it is unsigned and was never woken.
 *
 * Every registration counts for its network. The displaceable ones of a network are in a ring, oldest first. Ten bytes a row.
 */
export class Displacement {
  readonly #networks = new Column((length) => new Uint16Array(length));
  readonly #counts = new NetworkCounts();
  readonly #rings = new RowRings();
  /** By network, the row of its oldest displaceable registration, or {@link NO_ROW}. */
  readonly #oldest = new Int32Array(NETWORKS);
  readonly #registeredAt: (row: number) => number;

  /** @param registeredAt when the registration of a row was made, in milliseconds since the epoch */
  constructor(registeredAt: (row: number) => number) {
    this.#registeredAt = registeredAt;
  }

  /** Makes room for a new row. */
  begin(row: number): void {
    this.#networks.reach(row);
    this.#rings.begin(row);
  }

  networkOf(row: number): number {
    return this.#networks.get(row);
  }

  /** Counts a registration for its network. */
  join(row: number, network: number, isDisplaceable: boolean): void {
    this.#networks.set(row, network);
    this.#counts.add(network, 1);
    if (isDisplaceable) this.#wait(row, network);
  }

  /** The registration stays and is displaceable no longer. */
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

  /** The row that a new key from this network displaces at `now` (milliseconds), or {@link NO_ROW}. */
  choose(newcomer: number, now: number): number {
    const network = this.#counts.largest(this.#counts.of(newcomer), displaceableIfMadeBy(now));
    return network === undefined ? NO_ROW : (this.#oldest[network] as number);
  }

  /** Sorts the ring of the registrations that were read from the disk by age. */
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

  /** Makes this row the oldest of its network's ring; {@link NO_ROW} if the ring is empty. */
  #begin(network: number, row: number): void {
    this.#oldest[network] = row;
    this.#counts.setOldest(network, row === NO_ROW ? Infinity : this.#registeredAt(row));
  }
}
