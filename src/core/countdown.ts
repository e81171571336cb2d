import type { Clock } from './clock.ts';
import { Fifo } from './fifo.ts';
import type { Schedule } from './schedule.ts';

export interface CountdownOptions<Item> {
  /** How long every wait is, in milliseconds. */
  readonly ms: number;
  readonly schedule: Schedule;
  /** Milliseconds from any moment on, by a clock that nobody sets. */
  readonly monotonic: Clock;
  /** Told of each item when its wait is over, in the order in which the waits began. */
  readonly onOver: (item: Item) => void;
}

/** Waits of one length, and one timer for all of them: the one that began first is over first. */
export class Countdown<Item> {
  readonly #options: CountdownOptions<Item>;
  readonly #items = new Fifo<Item>();
  /** When the wait of each is over. */
  readonly #ends = new Fifo<number>();
  #cancel: (() => void) | undefined;

  constructor(options: CountdownOptions<Item>) {
    this.#options = options;
  }

  begin(item: Item): void {
    const { ms, monotonic } = this.#options;
    this.#items.push(item);
    this.#ends.push(monotonic() + ms);
    if (this.#cancel === undefined) this.#scheduleFirst();
  }

  /** Forgets all waits; nobody is told. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#items.clear();
    this.#ends.clear();
  }

  #scheduleFirst(): void {
    const { monotonic, schedule } = this.#options;
    const end = this.#ends.first;
    if (end === undefined) this.#cancel = undefined;
    else this.#cancel = schedule(Math.max(0, end - monotonic()), () => this.#onTimer());
  }

  #onTimer(): void {
    const { monotonic, onOver } = this.#options;
    const now = monotonic();
    // A timer may come a little early by this clock: what is not over then is waited for once more.
    for (let end = this.#ends.first; end !== undefined && end <= now; end = this.#ends.first) {
      this.#ends.shift();
      onOver(this.#items.shift() as Item);
    }
    this.#scheduleFirst();
  }
}
