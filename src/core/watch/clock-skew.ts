import { SECOND_MS, type Clock } from '../basics/clock.ts';

/** A clock that is off by this much breaks signatures, expirations and OAuth assertions. A smaller difference can come from the network. */
const OFF_SECONDS = 60;
/** The most relays whose time is kept: more would not change the median. */
const MAX_SOURCES = 32;
/** A `Date` header has whole seconds, so on average half a second has passed since. */
const HALF_SECOND_MS = 500;

/** One relay is a stranger. Two that agree are believed. */
const RELAYS_THAT_TELL = 2;

/** The source that counts alone once it has told the time, because relays are strangers. */
export const GOOGLE = 'google';

/**
 * How far our clock is off, by the `Date` headers of answers that the program gets anyway. Google's header counts; without one, the median
 * of the relays' counts, so that one wrong relay among three raises no alarm. The monotonic clock counts on from each answer, so a
 * correction of our clock shows at once.
 */
export class ClockSkew {
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  /** For each source: its time (milliseconds since the epoch) minus our monotonic clock, and the monotonic clock when the answer came. */
  readonly #said = new Map<string, { readonly offset: number; readonly at: number }>();

  #last: { readonly source: string; readonly date: unknown } = { source: '', date: undefined };

  /** @param clock the machine's clock */
  constructor(clock: Clock, monotonic: Clock) {
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  /**
   * @param date a `Date` header that has just come in; any other value is ignored
   * @returns its time in milliseconds since the epoch; `undefined` if it tells nothing new
   */
  note(source: string, date: unknown): number | undefined {
    // All answers within a second have the same `Date`. The first of them is the most exact.
    if (date === this.#last.date && source === this.#last.source) return undefined;
    this.#last = { source, date };
    const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (Number.isNaN(theirs)) return undefined;
    if (this.#said.size >= MAX_SOURCES && !this.#said.has(source) && source !== GOOGLE) return undefined;
    const at = this.#monotonic();
    this.#said.set(source, { offset: theirs + HALF_SECOND_MS - at, at });
    return theirs + HALF_SECOND_MS;
  }

  /** How far our clock is ahead, in seconds; `undefined` before any source has told the time. */
  get seconds(): number | undefined {
    const offset =
      this.#said.get(GOOGLE)?.offset ?? middle([...this.#said.values()].map((said) => said.offset));
    if (offset === undefined) return undefined;
    return (this.#clock() - this.#monotonic() - offset) / SECOND_MS;
  }

  /**
   * Whether Google agrees with this time, or two relays while Google has told none (contract 5).
   *
   * @param time milliseconds since the epoch
   * @param since by the monotonic clock. Earlier answers do not count, because the monotonic clock may have stood still since
   */
  agreeWith(time: number, since: number): boolean {
    return this.#witnesses((said) => said.at >= since && this.#isAbout(time, said.offset));
  }

  /** Whether Google says that our clock is off; or, while Google has told no time, two relays do and no two say that it is right. */
  get disagree(): boolean {
    const now = this.#clock();
    return (
      this.#witnesses(({ offset }) => !this.#isAbout(now, offset)) &&
      !this.#witnesses(({ offset }) => this.#isAbout(now, offset))
    );
  }

  #isAbout(time: number, offset: number): boolean {
    return Math.abs(time - this.#monotonic() - offset) <= OFF_SECONDS * SECOND_MS;
  }

  #witnesses(says: (said: { readonly offset: number; readonly at: number }) => boolean): boolean {
    const google = this.#said.get(GOOGLE);
    if (google !== undefined) return says(google);
    return [...this.#said.values()].filter(says).length >= RELAYS_THAT_TELL;
  }

  /** Whether our clock is off by a minute or more. */
  get isOff(): boolean {
    return Math.abs(this.seconds ?? 0) >= OFF_SECONDS;
  }
}

function middle(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
