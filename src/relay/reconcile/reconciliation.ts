import { DAY_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { ID_WORDS } from '../wire/event-id.ts';
import type { Compared } from './negotiate.ts';
import type { EventIds } from './event-ids.ts';
import { fingerprintOf, SUM_WORDS } from './id-sum.ts';
import type { KnownEvents } from './known-events.ts';
import {
  boundAt,
  compareBounds,
  MessageWriter,
  readMessage,
  type AnsweredRange,
  type Bound,
} from './negentropy-message.ts';

/**
 * How many known events a range has that is compared, from coarse to fine. A relay answers a range that differs and has 32 events or more
 * by sixteen fingerprints, some 640 bytes, and a smaller one by the ids, 64 bytes each.
 */
const RANGE_EVENTS = [6144, 192, 6] as const;
/** The share of the coarsest ranges that may be expected to differ. */
const EXPECTED_TO_DIFFER = 0.3;
/** About how many ids are added up for one message, so that it takes no long turn. */
const SUMMED_EVENTS = 100_000;
/** So many events may be missing where none is known. If there are more, the relay may have left out others. */
const MISSING_WITHOUT_PROOF = 50;
/** How many known events the ranges of a message have together at most whose ids are asked for, so that the answer stays small. */
const LISTED_EVENTS = 4096;
const DAY_SECONDS = DAY_MS / SECOND_MS;
const ID_BYTES = 4 * ID_WORDS;

/** A stretch of time that is left to ask about. */
interface Stretch {
  readonly from: Bound;
  /** A unix second, which is excluded. */
  readonly to: number;
  /** How many known events each compared range has; 0: all ids are asked for. */
  readonly events: number;
  /** Whether its known events have been counted among those that the relay has to list. */
  readonly isCounted?: boolean;
}

/** A range of the message that waits for its answer. */
interface AskedRange extends Stretch {
  readonly known: number;
}

/** What is left for the present message. */
interface Budget {
  summed: number;
  /** Known events in the ranges whose ids are asked for. */
  listed: number;
}

/** An event that the relay must have stored. */
interface Sample {
  readonly id: string;
  readonly createdAt: number;
}

export interface ReconciliationOptions {
  readonly known: KnownEvents;
  /** Unix seconds; `until` is excluded. */
  readonly since: number;
  readonly until: number;
  /** Unix seconds. */
  readonly now: number;
  /** Gets the ids that the relay has and this server does not know. */
  readonly missing: EventIds;
  /** How many events are probably missing, as a share of those that are known. */
  readonly expectedShare: number;
  readonly samples: readonly Sample[];
  /** The most bytes of a message. */
  readonly mostBytes: number;
  /** The most missing ids that are taken. */
  readonly mostMissing: number;
}

/**
 * Finds out which events a relay has stored and this server does not know (NIP-77; negentropy, protocol v1). This side compares sums of
 * ids for whole seconds. It never lists ids, because it keeps none: where the sums differ, it asks for the relay's ids.
 */
export class Reconciliation implements Compared {
  readonly #options: ReconciliationOptions;
  /** What is left to ask about, the oldest last. */
  readonly #left: Stretch[];
  #asked: AskedRange[] = [];
  readonly #sum = new Uint32Array(SUM_WORDS);
  readonly #words = new Uint32Array(ID_WORDS);
  /** How many known events were in ranges that the relay has listed, and how many of them it listed. */
  #expected = 0;
  #listed = 0;
  /** The samples that the relay has not shown to have. */
  readonly #unseen: Map<string, number>;
  /** The second of the oldest known event, and whether the relay has it, or another one of about that time. */
  readonly #oldest: number | undefined;
  #hasOldest = false;
  readonly #missingBefore: number;
  /** How many ranges a message has at most. */
  #mostRanges = Infinity;

  constructor(options: ReconciliationOptions) {
    const { expectedShare, known, missing, samples, since, until } = options;
    this.#options = options;
    this.#left = [{ from: boundAt(since), to: until, events: firstEvents(expectedShare) }];
    const within = samples.filter(({ createdAt }) => createdAt >= since && createdAt < until);
    this.#unseen = new Map(within.map(({ createdAt, id }) => [id, createdAt]));
    this.#missingBefore = missing.count;
    const next = known.sumUp(this.#sum, since, until, 1);
    this.#oldest = this.#sum[0] === 0 ? undefined : next - 1;
  }

  /**
   * Whether the relay may have compared its newest events only, as some do that give a limited number of events for a filter: it lacks
   * the oldest known events, or nothing shows that it has events so old.
   */
  get mayBeCutOff(): boolean {
    const found = this.#options.missing.count - this.#missingBefore;
    return this.#oldest === undefined ? found > MISSING_WITHOUT_PROOF : !this.#hasOldest;
  }

  /** Known events that the relay does not have. */
  get lacking(): number {
    return Math.max(0, this.#expected - this.#listed);
  }

  /** How many of the samples the relay does not have. */
  get lackingSamples(): number {
    return this.#unseen.size;
  }

  /** @returns the message to send now; `undefined` if nothing is left to ask about */
  next(): Buffer | undefined {
    this.#asked = [];
    const writer = new MessageWriter(this.#options.mostBytes);
    const budget = { summed: SUMMED_EVENTS, listed: LISTED_EVENTS };
    while (this.#left.length > 0 && this.#hasRoom(writer, budget)) {
      const stretch = this.#left.pop() as Stretch;
      writer.skipTo(stretch.from);
      if (stretch.events > 0) this.#compare(stretch, writer, budget);
      else this.#askForIds(stretch, writer, budget);
    }
    return this.#asked.length === 0 ? undefined : writer.bytes;
  }

  #hasRoom(writer: MessageWriter, { listed, summed }: Budget): boolean {
    return writer.hasRoom && summed > 0 && listed > 0 && this.#asked.length < this.#mostRanges;
  }

  /** The answer was too long to be read. @returns whether the next message asks for less */
  narrow(): boolean {
    const [first] = this.#asked;
    if (first === undefined) return false;
    const { from, to } = first;
    if (this.#asked.length > 1) {
      this.#mostRanges = this.#asked.length >> 1;
      this.#left.push(
        ...this.#asked
          .map(({ events, from: start, to: end }) => ({ from: start, to: end, events }))
          .toReversed(),
      );
      return true;
    }
    const middle = Math.floor(
      (from.second + Math.min(to, Math.max(from.second + 2, this.#options.now + DAY_SECONDS))) / 2,
    );
    if (middle <= from.second || middle >= to) return false;
    this.#left.push({ from: boundAt(middle), to, events: 0 }, { from, to: middle, events: 0 });
    return true;
  }

  #askForIds(stretch: Stretch, writer: MessageWriter, budget: Budget): void {
    const { from, isCounted = false } = stretch;
    let { to } = stretch;
    if (!isCounted) {
      to = this.#options.known.sumUp(this.#sum, from.second, stretch.to, LISTED_EVENTS);
      if (to < stretch.to) this.#left.push({ from: boundAt(to), to: stretch.to, events: 0 });
    }
    writer.list(to);
    const known = isCounted ? 0 : (this.#sum[0] as number);
    // Of a range that was begun, it is unknown how much is left.
    budget.listed -= isCounted ? LISTED_EVENTS : known;
    this.#asked.push({ from, to, events: 0, isCounted: true, known });
  }

  #compare({ events, from, to }: Stretch, writer: MessageWriter, budget: Budget): void {
    let { second } = from;
    while (second < to) {
      if (!this.#hasRoom(writer, budget)) return void this.#left.push({ from: boundAt(second), to, events });
      const end = this.#options.known.sumUp(this.#sum, second, to, events);
      writer.compare(end, fingerprintOf(this.#sum));
      this.#asked.push({ from: boundAt(second), to: end, events, known: this.#sum[0] as number });
      budget.summed -= this.#sum[0] as number;
      second = end;
    }
  }

  /** Takes the relay's answer to the last message. @returns false if it is no answer to that, or has too many ids */
  take(bytes: Buffer): boolean {
    const ranges = readMessage(bytes);
    if (ranges === undefined) return false;
    const again: Stretch[] = [];
    let at = 0;
    for (const asked of this.#asked) {
      const answers: AnsweredRange[] = [];
      for (; at < ranges.length; at++) {
        const range = ranges[at] as AnsweredRange;
        if (range.from.second >= asked.to) break;
        answers.push(range);
        // A range that ends later says something of the next ones too.
        if (range.to.second > asked.to) break;
      }
      if (!this.#answered(asked, answers, again)) return false;
    }
    if (at < ranges.length && (ranges[at] as AnsweredRange).ids !== undefined) return false;
    this.#left.push(...again.toReversed());
    return this.#options.missing.count <= this.#options.mostMissing;
  }

  /** @param again gets what has to be asked about once more. @returns false if the answers do not fit */
  #answered(asked: AskedRange, answers: readonly AnsweredRange[], again: Stretch[]): boolean {
    const { events, from, isCounted, known, to } = asked;
    if (answers.length === 0) {
      if (events > 0) this.#seen(from.second, to);
      // The relay has to list the ids that it was asked for, if there are none too.
      else this.#expected += known;
      return true;
    }
    // The relay's message was full: it says no more than that the rest may differ.
    const rest = answers.find((range) => range.ids === undefined && range.to.second === Infinity);
    if (rest !== undefined && compareBounds(rest.from, from) <= 0) {
      again.push({ from, to, events, ...(isCounted === true && { isCounted: known === 0 }) });
      return true;
    }
    if (answers.some((range) => range.ids === undefined && range !== rest)) {
      again.push({
        from,
        to,
        events: nextEvents(asked),
        ...(isCounted === true && { isCounted: known === 0 }),
      });
      return true;
    }
    this.#expected += known;
    const listed = this.#takeLists(answers, asked);
    if (listed === undefined) return false;
    if (compareBounds(listed, boundAt(to)) < 0) again.push({ from: listed, to, events: 0, isCounted: true });
    return true;
  }

  /** Takes the lists of ids of one range, which begin where it begins, one after the other. @returns where they end; `undefined` if they do not fit */
  #takeLists(answers: readonly AnsweredRange[], { from, to }: AskedRange): Bound | undefined {
    let at = from;
    for (const { ids, ...list } of answers) {
      if (ids === undefined) continue;
      if (compareBounds(list.from, at) !== 0 || compareBounds(list.to, boundAt(to)) > 0) return undefined;
      this.#takeIds(ids, at.second, Math.min(list.to.second + 1, to));
      at = list.to;
    }
    return at;
  }

  #takeIds(ids: Buffer, from: number, to: number): void {
    const { known, missing } = this.#options;
    for (let at = 0; at < ids.length; at += ID_BYTES) {
      for (let n = 0; n < ID_WORDS; n++) this.#words[n] = ids.readUInt32LE(at + 4 * n);
      if (known.holds(this.#words, from, to)) this.#noteListed();
      else missing.push(this.#words);
      if (this.#unseen.size > 0) this.#unseen.delete(ids.toString('hex', at, at + ID_BYTES));
    }
  }

  /** The relay has listed a known event. */
  #noteListed(): void {
    this.#listed++;
    const { known } = this.#options;
    if (this.#oldest !== undefined && !this.#hasOldest)
      this.#hasOldest = known.holds(this.#words, this.#oldest, this.#oldest + 1);
  }

  /** Both sides have the same events in these seconds. */
  #seen(from: number, to: number): void {
    if (this.#oldest !== undefined && this.#oldest >= from && this.#oldest < to) this.#hasOldest = true;
    for (const [id, createdAt] of this.#unseen)
      if (createdAt >= from && createdAt < to) this.#unseen.delete(id);
  }
}

/** The size of the first ranges: the largest of which few will differ. */
function firstEvents(expectedShare: number): number {
  const size = RANGE_EVENTS.find((events) => events * expectedShare <= EXPECTED_TO_DIFFER);
  const finest = RANGE_EVENTS.at(-1) ?? 1;
  if (size !== undefined) return size;
  // If nearly every range differs, a list of all ids is shorter.
  return finest * expectedShare < 1 ? finest : 0;
}

/** The size of the ranges into which a range is cut that differs; 0 if its ids are asked for. */
function nextEvents({ events, from, known, to }: AskedRange): number {
  if (to - from.second <= 1) return 0;
  return RANGE_EVENTS.find((finer) => finer < Math.min(events, known)) ?? 0;
}
