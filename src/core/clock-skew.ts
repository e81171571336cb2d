import { SECOND_MS, type Clock } from './clock.ts';

/** From here on signatures, expirations and OAuth assertions go wrong; less than this is the network's doing. */
const OFF_SECONDS = 60;
/** Relays beyond this many add nothing to a middle. */
const MAX_SOURCES = 32;
/** A `Date` header has whole seconds: on average half of one has passed since. */
const HALF_SECOND_MS = 500;

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
  /** For each source, its time (milliseconds since the epoch) less our monotonic clock. */
  readonly #offsets = new Map<string, number>();

  #last: { readonly source: string; readonly date: unknown } = { source: '', date: undefined };

  /** @param monotonic milliseconds from any moment on, by a clock that nobody sets */
  constructor(clock: Clock, monotonic: Clock) {
    this.#clock = clock;
    this.#monotonic = monotonic;
  }

  /** @param date a `Date` header that has just come in; anything else is ignored */
  note(source: string, date: unknown): void {
    // Within a second all answers say the same; the first one is nearest to what it says.
    if (date === this.#last.date && source === this.#last.source) return;
    this.#last = { source, date };
    const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
    if (Number.isNaN(theirs)) return;
    if (this.#offsets.size >= MAX_SOURCES && !this.#offsets.has(source) && source !== GOOGLE) return;
    this.#offsets.set(source, theirs + HALF_SECOND_MS - this.#monotonic());
  }

  /** How far our clock is ahead, in seconds; `undefined` where nothing tells. */
  get seconds(): number | undefined {
    const offset = this.#offsets.get(GOOGLE) ?? middle([...this.#offsets.values()]);
    if (offset === undefined) return undefined;
    return (this.#clock() - this.#monotonic() - offset) / SECOND_MS;
  }

  /** Whether it is so far off that things go wrong. */
  get isOff(): boolean {
    return Math.abs(this.seconds ?? 0) >= OFF_SECONDS;
  }
}

function middle(numbers: readonly number[]): number | undefined {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
