import type { Clock, Schedule } from './clock.ts';

export interface CountdownOptions<Item> {
  /** How long every wait is, in milliseconds. */
  readonly ms: number;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** Called with each item when its wait is over, in the order in which the waits began. */
  readonly onOver: (item: Item) => void;
  /** How many items `onOver` is called with before other work runs. If absent, it is called with all items whose wait is over. */
  readonly atOnce?: number;
}

/** Many waits of one length with one timer. Since all waits are equally long, they end in the order in which they began. */
export class Countdown<Item> {
  readonly #options: CountdownOptions<Item>;
  /** By item, the end of its wait. The first entry ends first. */
  readonly #ends = new Map<Item, number>();
  #cancel: (() => void) | undefined;

  constructor(options: CountdownOptions<Item>) {
    this.#options = options;
  }

  /** @param item an item that does not wait already */
  begin(item: Item): void {
    const { ms, monotonic } = this.#options;
    this.#ends.set(item, monotonic() + ms);
    if (this.#cancel === undefined) this.#scheduleIn(ms);
  }

  /** Ends the item's wait without calling back. */
  remove(item: Item): void {
    this.#ends.delete(item);
  }

  /** How long the item still waits, in milliseconds; `undefined` if it does not wait. */
  leftMs(item: Item): number | undefined {
    const end = this.#ends.get(item);
    return end === undefined ? undefined : Math.max(0, end - this.#options.monotonic());
  }

  /** How many items wait. */
  get size(): number {
    return this.#ends.size;
  }

  /** The items that wait, in the order in which they began. */
  items(): Iterable<Item> {
    return this.#ends.keys();
  }

  /** Ends all waits without calling back. */
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
    // `#cancel` stays set until the end, so that an item that begins in `onOver` does not set a second timer.
    for (const [item, end] of this.#ends) {
      // The timer was for an item that was removed, or came a little early by this clock.
      if (end > now || told === atOnce) return this.#scheduleIn(Math.max(0, end - now));
      this.#ends.delete(item);
      onOver(item);
      told++;
    }
    this.#cancel = undefined;
  }
}
