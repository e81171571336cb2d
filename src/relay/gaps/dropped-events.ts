import { DAY_MS, type Clock } from '../../core/basics/clock.ts';

/** If so many audits within a day found events, the relay drops events again and again. One audit may have met an accident. */
const AUDITS_THAT_TELL = 3;

/** What audits have found at a relay. */
export interface Dropped {
  /** How many events for registered keys the relay has dropped since the start. */
  readonly count: number;
  /** When an audit found the last of them, in milliseconds. */
  readonly lastAt: number;
  /** Whether the relay drops events again and again. */
  readonly isRepeated: boolean;
}

/** Counts the events of one kind that audits have found at one relay, over all connections. */
export class DroppedEvents {
  readonly #clock: Clock;
  #count = 0;
  /** When the latest audits were that found something, the oldest first. */
  #foundAt: readonly number[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An audit has found events. */
  note(count: number): void {
    this.#count += count;
    this.#foundAt = [...this.#foundAt, this.#clock()].slice(-AUDITS_THAT_TELL);
  }

  /** `undefined` if no audit has found anything. */
  get summary(): Dropped | undefined {
    const [oldest, lastAt] = [this.#foundAt.at(-AUDITS_THAT_TELL), this.#foundAt.at(-1)];
    if (lastAt === undefined) return undefined;
    const isRepeated = oldest !== undefined && this.#clock() - oldest < DAY_MS;
    return { count: this.#count, lastAt, isRepeated };
  }
}

/** What audits have found at a relay, of all kinds together. */
export function droppedOfAll(summaries: readonly (Dropped | undefined)[]): Dropped | undefined {
  const found = summaries.filter((one) => one !== undefined);
  if (found.length === 0) return undefined;
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    lastAt: Math.max(...found.map(({ lastAt }) => lastAt)),
    isRepeated: found.some(({ isRepeated }) => isRepeated),
  };
}
