import { Fifo } from '../basics/fifo.ts';
import { RANKS, type LaneEntry, type LaneRank } from './lane-entry.ts';

/**
 * What is known of a wake's device. `known`: it had a wake delivered not long ago. `retries`: this wake has failed before. `first`: neither.
 */
export type LaneLine = 'known' | 'first' | 'retries';

/** Which lines may send now. */
export type OpenLines = Readonly<Record<LaneLine, boolean>>;

const ALL_OPEN: OpenLines = { known: true, first: true, retries: true };

/**
 * Whose turn it is where all lines wait, again and again: a wake that comes through soon goes first, and none waits for ever. A line that is
 * empty leaves its turn to the first one that is not.
 */
const TURNS: readonly LaneLine[] = ['known', 'first', 'known', 'retries'];

interface Place {
  readonly entry: LaneEntry;
  readonly ticket: number;
}

type Lines = Readonly<Record<LaneLine, Fifo<Place>>>;

/**
 * What waits for its turn at a host: live wakes first, then recovered ones, then owed ones. Within a rank there are three lines, each in its
 * order: endpoints that fail or hang, however many, hold up no device that has been woken there before.
 */
export class LaneQueue {
  /** The most urgent one first. Made when they are first needed: thousands of hosts have one wake each. */
  readonly #ranks: Record<LaneRank, Lines | undefined> = {
    live: undefined,
    recovered: undefined,
    owed: undefined,
  };
  #size = 0;
  #taken = 0;

  get size(): number {
    return this.#size;
  }

  /** Puts an entry at the end of its line. */
  push(entry: LaneEntry): void {
    entry.line = lineOf(entry);
    const lines = (this.#ranks[entry.rank] ??= { known: new Fifo(), first: new Fifo(), retries: new Fifo() });
    lines[entry.line].push({ entry, ticket: ++entry.ticket });
    this.#size++;
  }

  /** Takes an entry out, wherever it is. */
  remove(entry: LaneEntry): void {
    entry.ticket++;
    this.#size--;
  }

  /** The entry whose turn it is. */
  next(open: OpenLines = ALL_OPEN): LaneEntry | undefined {
    return this.#line(open)?.first?.entry;
  }

  /** Takes the entry that {@link next} has just named. */
  take(entry: LaneEntry): void {
    this.#ranks[entry.rank]?.[entry.line].shift();
    this.#taken++;
    this.#size--;
  }

  /** The line whose first entry is next; its first place is a true one. */
  #line(open: OpenLines): Fifo<Place> | undefined {
    const turn = TURNS[this.#taken % TURNS.length] as LaneLine;
    for (const rank of RANKS) {
      const lines = this.#ranks[rank];
      if (lines === undefined) continue;
      if (open[turn] && hasTrue(lines[turn])) return lines[turn];
      if (open.known && hasTrue(lines.known)) return lines.known;
      if (open.first && hasTrue(lines.first)) return lines.first;
      if (open.retries && hasTrue(lines.retries)) return lines.retries;
    }
    return undefined;
  }
}

function lineOf({ hasFailed, isKnown }: LaneEntry): LaneLine {
  if (hasFailed) return 'retries';
  return isKnown ? 'known' : 'first';
}

/** Drops the places at the head that their entries have left. @returns whether any is left */
function hasTrue(line: Fifo<Place>): boolean {
  for (let place = line.first; place !== undefined; place = line.first) {
    if (place.ticket === place.entry.ticket) return true;
    line.shift();
  }
  return false;
}
