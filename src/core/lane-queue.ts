import { Fifo } from './fifo.ts';
import type { LaneEntry, LaneRank } from './lane-entry.ts';

/** Of so many wakes that are taken while both kinds wait, one is a wake that has failed before. */
const ONE_RETRY_IN = 4;

interface Place {
  readonly entry: LaneEntry;
  readonly ticket: number;
}

interface Rank {
  readonly first: Fifo<Place>;
  /** Wakes whose device could not be given one before: endpoints that fail, however many, hold up no other. */
  readonly retries: Fifo<Place>;
}

/**
 * What waits for its turn at a host: live wakes first, then recovered ones, then owed ones, each in their order. Within a rank three wakes
 * that have not failed yet go before each one that has.
 */
export class LaneQueue {
  readonly #ranks: Readonly<Record<LaneRank, Rank>> = {
    live: { first: new Fifo(), retries: new Fifo() },
    recovered: { first: new Fifo(), retries: new Fifo() },
    owed: { first: new Fifo(), retries: new Fifo() },
  };
  /** The most urgent one first: made once, since every wake looks through them. */
  readonly #inOrder = Object.values(this.#ranks);
  #size = 0;
  #taken = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts an entry at the end of its rank. */
  push(entry: LaneEntry): void {
    const { first, retries } = this.#ranks[entry.rank];
    (entry.hasFailed ? retries : first).push({ entry, ticket: ++entry.ticket });
    this.#size++;
  }

  /** Takes an entry out, wherever it is. */
  remove(entry: LaneEntry): void {
    entry.ticket++;
    this.#size--;
  }

  /** The entry whose turn it is. @param mayRetry whether it may be one that has failed before */
  next(mayRetry = true): LaneEntry | undefined {
    return this.#line(mayRetry)?.first?.entry;
  }

  /** Takes the entry whose turn it is. @param mayRetry whether it may be one that has failed before */
  shift(mayRetry = true): LaneEntry | undefined {
    const place = this.#line(mayRetry)?.shift();
    if (place === undefined) return undefined;
    this.#taken++;
    this.#size--;
    return place.entry;
  }

  /** The line whose first entry is next; its first place is a true one. */
  #line(mayRetry: boolean): Fifo<Place> | undefined {
    for (const { first, retries } of this.#inOrder) {
      const isFirst = hasTrue(first);
      const isRetry = mayRetry && hasTrue(retries);
      if (isFirst && isRetry) return this.#taken % ONE_RETRY_IN === ONE_RETRY_IN - 1 ? retries : first;
      if (isFirst) return first;
      if (isRetry) return retries;
    }
    return undefined;
  }
}

/** Drops the places at the head that their entries have left. @returns whether any is left */
function hasTrue(line: Fifo<Place>): boolean {
  for (let place = line.first; place !== undefined; place = line.first) {
    if (place.ticket === place.entry.ticket) return true;
    line.shift();
  }
  return false;
}
