import { Fifo } from '../basics/fifo.ts';
import type { WakePriority } from './wake.ts';

/** How urgent an entry is. `owed`: its turn comes when no other entry of the lane waits for a turn. */
export type LaneRank = WakePriority | 'owed';

/** The most urgent one first. */
export const RANKS: readonly LaneRank[] = ['live', 'recovered', 'owed'];

/**
 * What is known of an entry's device. `known`: the device had a wake delivered not long ago. `retries`: this entry has failed before.
 * `first`: neither.
 */
export type LaneLine = 'known' | 'first' | 'retries';

/** Which lines may send now. */
export type OpenLines = Readonly<Record<LaneLine, boolean>>;

const ALL_OPEN: OpenLines = { known: true, first: true, retries: true };

/**
 * The lines in the order of their turns, which repeats. Entries that are likely to come through have more turns, and every line has some.
 * An empty line leaves its turn to the first line that has an entry.
 */
const TURNS: readonly LaneLine[] = ['known', 'first', 'known', 'retries'];

/** The place of an entry in a queue, and the entry's state while it is there. When the entry leaves, its state changes and its place stays behind. */
export interface Place<Entry = unknown> {
  readonly is: 'queued';
  readonly entry: Entry;
  readonly line: LaneLine;
}

/** An item that a queue can take. */
interface Queueable {
  readonly rank: LaneRank;
  /** The line that the entry joins. */
  readonly line: LaneLine;
  readonly state: object;
}

type Lines<Entry> = Readonly<Record<LaneLine, Fifo<Place<Entry>>>>;

/**
 * The entries that wait for their turn in a lane: live wakes first, then recovered ones, then owed ones. Each rank has three lines, so
 * that endpoints that fail or hang, however many, delay no device that has been woken there before.
 */
export class LaneQueue<Entry extends Queueable> {
  /** Made when they are first needed: thousands of lanes have one wake each. */
  readonly #ranks: Record<LaneRank, Lines<Entry> | undefined> = {
    live: undefined,
    recovered: undefined,
    owed: undefined,
  };
  #size = 0;
  #taken = 0;

  get size(): number {
    return this.#size;
  }

  /** Gives the entry the last place in its line. @returns the place, which becomes the state of the entry */
  push(entry: Entry): Place<Entry> {
    const { line, rank } = entry;
    const lines = (this.#ranks[rank] ??= { known: new Fifo(), first: new Fifo(), retries: new Fifo() });
    const place: Place<Entry> = { is: 'queued', entry, line };
    lines[line].push(place);
    this.#size++;
    return place;
  }

  /** An entry leaves its place before its turn: the place is no longer its state. */
  leave(): void {
    this.#size--;
  }

  /** The entry whose turn it is. */
  next(open: OpenLines = ALL_OPEN): Entry | undefined {
    return this.#line(open)?.first?.entry;
  }

  /** Takes out the place of the entry that {@link next} has just named. */
  take({ rank }: Entry, { line }: Place): void {
    this.#ranks[rank]?.[line].shift();
    this.#taken++;
    this.#size--;
  }

  /** The line whose first entry is next. Places that entries have left are dropped from its head. */
  #line(open: OpenLines): Fifo<Place<Entry>> | undefined {
    const turn = TURNS[this.#taken % TURNS.length] as LaneLine;
    for (const rank of RANKS) {
      const lines = this.#ranks[rank];
      if (lines === undefined) continue;
      if (open[turn] && hasEntry(lines[turn])) return lines[turn];
      if (open.known && hasEntry(lines.known)) return lines.known;
      if (open.first && hasEntry(lines.first)) return lines.first;
      if (open.retries && hasEntry(lines.retries)) return lines.retries;
    }
    return undefined;
  }
}

/** Drops the places at the head that their entries have left. @returns whether an entry is in the line */
function hasEntry(line: Fifo<Place<Queueable>>): boolean {
  for (let place = line.first; place !== undefined; place = line.first) {
    if (place.entry.state === place) return true;
    line.shift();
  }
  return false;
}
