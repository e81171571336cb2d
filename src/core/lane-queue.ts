import { Fifo } from './fifo.ts';
import type { LaneEntry, LaneRank } from './lane-entry.ts';

interface Place {
  readonly entry: LaneEntry;
  readonly ticket: number;
}

/** What waits for its turn in a lane: live wakes first, then recovered ones, then owed ones, each in their order. */
export class LaneQueue {
  readonly #places: Readonly<Record<LaneRank, Fifo<Place>>> = {
    live: new Fifo(),
    recovered: new Fifo(),
    owed: new Fifo(),
  };
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts an entry at the end of its rank. */
  push(entry: LaneEntry): void {
    const place = { entry, ticket: ++entry.ticket };
    this.#places[entry.rank].push(place);
    this.#size++;
  }

  /** Takes an entry out, wherever it is. */
  remove(entry: LaneEntry): void {
    entry.ticket++;
    this.#size--;
  }

  /** The entry whose turn it is. */
  get first(): LaneEntry | undefined {
    for (const places of Object.values(this.#places)) {
      for (let place = places.first; place !== undefined; place = places.first) {
        if (place.ticket === place.entry.ticket) return place.entry;
        places.shift();
      }
    }
    return undefined;
  }

  /** Takes the entry whose turn it is. */
  shift(): LaneEntry | undefined {
    const entry = this.first;
    if (entry === undefined) return undefined;
    this.#places[entry.rank].shift();
    this.#size--;
    return entry;
  }
}
