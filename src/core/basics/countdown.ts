import type { Clock } from './clock.ts';
import type { Schedule } from './schedule.ts';

export interface CountdownOptions<Item> {
  /** How long every wait is, in milliseconds. */
  readonly ms: number;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** Told of each item when its wait is over, in the order in which the waits began. */
  readonly onOver: (item: Item) => void;
  /** Items that `onOver` is told of before other work has its turn. Without it, all whose wait is over. */
  readonly atOnce?: number;
}

/** Waits of one length, and one timer for all of them: the one that began first is over first. */
export class Countdown<Item> {
  readonly #options: CountdownOptions<Item>;
  /** When the wait of each item is over, the first one first. */
  readonly #ends = new Map<Item, number>();
  #cancel: (() => void) | undefined;

  constructor(options: CountdownOptions<Item>) {
    this.#options = options;
  }

  /** @param item one that is not waiting already */
  begin(item: Item): void {
    const { ms, monotonic } = this.#options;
    this.#ends.set(item, monotonic() + ms);
    if (this.#cancel === undefined) this.#scheduleIn(ms);
  }

  /** Ends the item's wait; nobody is told. */
  forget(item: Item): void {
    this.#ends.delete(item);
  }

  /** How many items wait. */
  get size(): number {
    return this.#ends.size;
  }

  /** The items that wait, in the order in which they began. */
  items(): Iterable<Item> {
    return this.#ends.keys();
  }

  /** Forgets all waits. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#ends.clear();
  }

  #scheduleIn(ms: number): void {
    this.#cancel = this.#options.schedule(ms, () => this.#onTimer());
  }

  #onTimer(): void {
    const { atOnce = Infinity, monotonic, onOver } = this.#options;
    const now = monotonic();
    let told = 0;
    // Until the end of this there is still a timer, for whatever begins meanwhile.
    for (const [item, end] of this.#ends) {
      // The timer was for one that has been forgotten, or came a little early by this clock.
      if (end > now || told === atOnce) return this.#scheduleIn(Math.max(0, end - now));
      this.#ends.delete(item);
      onOver(item);
      told++;
    }
    this.#cancel = undefined;
  }
}
