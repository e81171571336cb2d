/** Networks are told apart by 16 bits. */
export const NETWORKS = 2 ** 16;

/** The network of what was read from the disk, where none is kept. */
export const NO_NETWORK = 0;

/** Nodes that one search looks at: some 30 microseconds. Only who has tens of thousands of networks can make one need more. */
const MOST_LOOKS = 4096;

interface Search {
  /** How old, or older, a registration must be, in milliseconds since the epoch. */
  readonly before: number;
  looks: number;
  network: number | undefined;
  /** Of the network found, or how many one must hold. */
  count: number;
  oldest: number;
}

/**
 * How many registrations each network holds, and when its oldest was made that may give way, as a tree: every node has the
 * greatest count and the earliest time below it. A change costs 16 steps, and a search leaves out what cannot hold a better network
 * than the one that it has found.
 */
export class NetworkCounts {
  /** The root is node 1, the children of node n are 2n and 2n + 1, and the last {@link NETWORKS} nodes are the networks. */
  readonly #most = new Uint32Array(2 * NETWORKS);
  /** Milliseconds since the epoch; infinite where none may give way. */
  readonly #oldest = new Float64Array(2 * NETWORKS).fill(Infinity);

  of(network: number): number {
    return this.#most[NETWORKS + network] as number;
  }

  /** @param by 1, or -1 for one fewer */
  add(network: number, by: 1 | -1): void {
    const leaf = NETWORKS + network;
    this.#most[leaf] = (this.#most[leaf] as number) + by;
    for (let node = leaf >> 1; node > 0; node >>= 1) {
      const most = Math.max(this.#most[2 * node] as number, this.#most[2 * node + 1] as number);
      if (most === this.#most[node]) return;
      this.#most[node] = most;
    }
  }

  /** @param at when the oldest registration of the network was made that may give way; infinite for none */
  setOldest(network: number, at: number): void {
    const leaf = NETWORKS + network;
    this.#oldest[leaf] = at;
    for (let node = leaf >> 1; node > 0; node >>= 1) {
      const oldest = Math.min(this.#oldest[2 * node] as number, this.#oldest[2 * node + 1] as number);
      if (oldest === this.#oldest[node]) return;
      this.#oldest[node] = oldest;
    }
  }

  /**
   * The network that holds the most among those with a registration to give, and of several such the one whose is oldest. Where so
   * many networks have to be looked at that a search would take long, it is the best one of those that were.
   *
   * @param least how many it must hold
   * @param before when the registration must have been made at the latest, in milliseconds
   * @returns `undefined` where there is no such network
   */
  largest(least: number, before: number): number | undefined {
    const search: Search = {
      before,
      looks: 0,
      network: undefined,
      count: Math.max(1, least),
      oldest: Infinity,
    };
    this.#look(1, search);
    return search.network;
  }

  #look(node: number, search: Search): void {
    const [count, oldest] = [this.#most[node] as number, this.#oldest[node] as number];
    if (oldest > search.before || count < search.count) return;
    if (count === search.count && oldest >= search.oldest) return;
    if (++search.looks > MOST_LOOKS) return;
    if (node >= NETWORKS) {
      Object.assign(search, { network: node - NETWORKS, count, oldest });
      return;
    }
    const isRightFirst = (this.#most[2 * node + 1] as number) > (this.#most[2 * node] as number);
    this.#look(2 * node + (isRightFirst ? 1 : 0), search);
    this.#look(2 * node + (isRightFirst ? 0 : 1), search);
  }
}
