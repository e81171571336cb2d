import { SECOND_MS, type Clock } from '../basics/clock.ts';

/** From here on signatures, expirations and OAuth assertions go wrong; less than this is the network's doing. */
const OFF_SECONDS = 60;
/** Relays beyond this many add nothing to a middle. */
const MAX_SOURCES = 32;
/** A `Date` header has whole seconds: on average half of one has passed since. */
const HALF_SECOND_MS = 500;

/** So many relays that say the same are no stranger's word. */
const RELAYS_THAT_TELL = 2;

/** Whose clock counts alone where it is known: relays are strangers. */
export const GOOGLE = 'google';

/**
 * How far our clock is off, by the `Date` header of answers that were asked for anyway: Google's, or else the middle one of the
 * relays', so that no single relay can raise an alarm beside two others. Between answers a clock that cannot be set goes on
 * counting, so that a correction of ours shows at once.
 */
export class ClockSkew {
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  /** For each source, its time (milliseconds since the epoch) less our monotonic clock, and when it was said by that clock. */
  readonly #said = new Map<string, { readonly offset: number; readonly at: number }>();

  #last: { readonly source: string; readonly date: unknown } = { source: '', date: undefined };

  /** @param clock the machine's clock */
  constructor(clock: Clock, monotonic: Clock) {
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  /**
   * @param date a `Date` header that has just come in; anything else is ignored
   * @returns the time that it says, in milliseconds since the epoch; `undefined` where it says nothing new
   */
  note(source: string, date: unknown): number | undefined {
    // Within a second all answers say the same; the first one is nearest to what it says.
    if (date === this.#last.date && source === this.#last.source) return undefined;
    this.#last = { source, date };
    const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (Number.isNaN(theirs)) return undefined;
    if (this.#said.size >= MAX_SOURCES && !this.#said.has(source) && source !== GOOGLE) return undefined;
    const at = this.#monotonic();
    this.#said.set(source, { offset: theirs + HALF_SECOND_MS - at, at });
    return theirs + HALF_SECOND_MS;
  }

  /** How far our clock is ahead, in seconds; `undefined` where nothing tells. */
  get seconds(): number | undefined {
    const offset =
      this.#said.get(GOOGLE)?.offset ?? middle([...this.#said.values()].map((said) => said.offset));
    if (offset === undefined) return undefined;
    return (this.#clock() - this.#monotonic() - offset) / SECOND_MS;
  }

  /**
   * Whether Google or, where it has said nothing, two relays agree with this time (contract 5). One relay alone is a stranger.
   *
   * @param time milliseconds since the epoch
   * @param since by the monotonic clock: what was said before does not count, because the monotonic clock may have stood still
   */
  agreeWith(time: number, since: number): boolean {
    return this.#witnesses((said) => said.at >= since && this.#isAbout(time, said.offset));
  }

  /** Whether Google or, where it has said nothing, two relays say that our clock is off, and no two say that it is right. */
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

  /** Whether it is so far off that things go wrong. */
  get isOff(): boolean {
    return Math.abs(this.seconds ?? 0) >= OFF_SECONDS;
  }
}

function middle(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
