import { allowancesOf } from './client-address.ts';

export interface HolderLimits {
  /** Places for all together. */
  readonly total: number;
  /** Places for one address (see `allowancesOf` for the networks around it). Absent if addresses do not tell clients apart. */
  readonly perAddress: number | undefined;
}

/** The holder of a place. It is idle if it has no unanswered request. */
interface Holding {
  readonly unanswered: { readonly size: number };
}

interface Place {
  /** The names of the address and of the networks around it, the narrowest first. */
  readonly names: readonly string[];
}

/**
 * Counts who holds how many of a bounded number of places. If all are taken, a newcomer gets a place of the network that holds the most, but
 * only if that network holds more than the newcomer's own network would. So a flood displaces itself.
 */
export class ConnectionHolders<Held extends Holding> {
  readonly #limits: HolderLimits;
  readonly #places = new Map<Held, Place>();
  readonly #counts = new Map<string, number>();
  /** By the widest network that has a name of its own. */
  readonly #networks = new Map<string, Set<Held>>();

  constructor(limits: HolderLimits) {
    this.#limits = limits;
  }

  /** @returns whether the holder has a place now, and the holder that lost its place for it */
  admit(held: Held, address: string | undefined): { isAdmitted: boolean; displaced?: Held } {
    const { perAddress, total } = this.#limits;
    // Behind a proxy all clients have one address, so no holder is displaced.
    const allowances = perAddress === undefined ? [] : allowancesOf(address);
    for (const { name, times } of allowances) {
      if ((this.#counts.get(name) ?? 0) >= (perAddress ?? Infinity) * times) return { isAdmitted: false };
    }
    const names = allowances.map(({ name }) => name);
    const displaced = this.#places.size < total ? undefined : this.#toDisplace(names.at(-1));
    if (this.#places.size >= total && displaced === undefined) return { isAdmitted: false };
    if (displaced !== undefined) this.leave(displaced);
    this.#enter(held, names);
    return { isAdmitted: true, ...(displaced !== undefined && { displaced }) };
  }

  /** Frees the place of a holder, if the holder has one. */
  leave(held: Held): void {
    const place = this.#places.get(held);
    if (place === undefined) return;
    this.#places.delete(held);
    for (const name of place.names) {
      const left = (this.#counts.get(name) ?? 0) - 1;
      if (left > 0) this.#counts.set(name, left);
      else this.#counts.delete(name);
    }
    const network = place.names.at(-1) ?? '';
    const members = this.#networks.get(network);
    members?.delete(held);
    if (members?.size === 0) this.#networks.delete(network);
  }

  #enter(held: Held, names: readonly string[]): void {
    this.#places.set(held, { names });
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    const network = names.at(-1) ?? '';
    const members = this.#networks.get(network) ?? new Set();
    this.#networks.set(network, members.add(held));
  }

  /** The oldest idle holder of the network that holds the most; if none is idle, the oldest. */
  #toDisplace(newcomers: string | undefined): Held | undefined {
    if (newcomers === undefined) return undefined;
    let most: ReadonlySet<Held> | undefined;
    for (const members of this.#networks.values()) if (members.size > (most?.size ?? 0)) most = members;
    const own = this.#networks.get(newcomers)?.size ?? 0;
    if (most === undefined || most.size <= own + 1) return undefined;
    let oldest: Held | undefined;
    for (const held of most) {
      if (held.unanswered.size === 0) return held;
      oldest ??= held;
    }
    return oldest;
  }
}
