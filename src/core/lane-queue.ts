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
  #urgent = 0;
  #owed = 0;

  /** Entries that wait and are not merely owed. */
  get urgentSize(): number {
    return this.#urgent;
  }

  get size(): number {
    return this.#urgent + this.#owed;
  }

  /** Puts an entry at the end of its rank. */
  push(entry: LaneEntry): void {
    const place = { entry, ticket: ++entry.ticket };
    this.#places[entry.rank].push(place);
    this.#count(entry, 1);
  }

  /** Takes an entry out, wherever it is; call it before its rank changes. */
  remove(entry: LaneEntry): void {
    entry.ticket++;
    this.#count(entry, -1);
  }

  /** Takes the entry whose turn it is. */
  shift(): LaneEntry | undefined {
    for (const places of Object.values(this.#places)) {
      for (let place = places.shift(); place !== undefined; place = places.shift()) {
        const { entry, ticket } = place;
        if (ticket !== entry.ticket) continue;
        this.#count(entry, -1);
        return entry;
      }
    }
    return undefined;
  }

  #count({ rank }: LaneEntry, by: number): void {
    if (rank === 'owed') this.#owed += by;
    else this.#urgent += by;
  }
}
