/** A network is a number of 16 bits. */
export const NETWORKS = 2 ** 16;

/** The network of a registration that was read from the disk, which keeps no networks. */
export const NO_NETWORK = 0;

/** Nodes that one search looks at, at most: some 30 microseconds. Only a client with tens of thousands of networks can make a search end here. */
const MOST_LOOKS = 4096;

interface Search {
  /** The network's oldest registration must have been made at this time or earlier. Milliseconds since the epoch. */
  readonly before: number;
  looks: number;
  network: number | undefined;
  /** Registrations of the best network so far; before one is found, the least number that a network must have. */
  count: number;
  oldest: number;
}

/**
 * For each network, how many registrations it has and when its oldest displaceable registration was made. Both are binary trees in
 * arrays: a node has the greatest count, or the earliest time, of the networks below it. A change updates at most 16 nodes. A search
 * skips every subtree that cannot have a better network than the best one so far. 1.5 MB, allocated at the start.
 */
export class NetworkCounts {
  /** The root is node 1, the children of node n are 2n and 2n + 1, and network n is node {@link NETWORKS} + n. */
  readonly #most = new Uint32Array(2 * NETWORKS);
  /** Milliseconds since the epoch; infinite where no registration is displaceable. */
  readonly #oldest = new Float64Array(2 * NETWORKS).fill(Infinity);

  of(network: number): number {
    return this.#most[NETWORKS + network] as number;
  }

  /** @param by 1 for a new registration, -1 for one that has gone */
  add(network: number, by: 1 | -1): void {
    const leaf = NETWORKS + network;
    this.#most[leaf] = (this.#most[leaf] as number) + by;
    for (let node = leaf >> 1; node > 0; node >>= 1) {
      const most = Math.max(this.#most[2 * node] as number, this.#most[2 * node + 1] as number);
      if (most === this.#most[node]) return;
      this.#most[node] = most;
    }
  }

  /** @param at when the network's oldest displaceable registration was made; infinite if it has none */
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
   * The network with the most registrations, among those that have a displaceable one. Of several with as many, it is the one with the
   * oldest displaceable registration. A search that would look at too many nodes ends with the best network so far.
   *
   * @param least how many registrations the network must have
   * @param before the latest time, in milliseconds, at which a displaceable registration may have been made
   * @returns `undefined` if there is no such network
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
