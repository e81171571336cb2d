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

interface Wait<Item> {
  readonly item: Item;
  readonly until: number;
}

/** Waits of one length, and one timer for all of them: the one that began first is over first. */
export class Countdown<Item> {
  readonly #options: CountdownOptions<Item>;
  readonly #waits = new Fifo<Wait<Item>>();
  #cancel: (() => void) | undefined;

  constructor(options: CountdownOptions<Item>) {
    this.#options = options;
  }

  begin(item: Item): void {
    const { ms, monotonic } = this.#options;
    this.#waits.push({ item, until: monotonic() + ms });
    if (this.#cancel === undefined) this.#scheduleFirst();
  }

  /** Forgets all waits; nobody is told. */
  clear(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#waits.clear();
  }

  #scheduleFirst(): void {
    const { monotonic, schedule } = this.#options;
    const first = this.#waits.first;
    this.#cancel = first && schedule(Math.max(0, first.until - monotonic()), () => this.#onTimer());
  }

  #onTimer(): void {
    const { monotonic, onOver } = this.#options;
    const now = monotonic();
    // A timer may come a little early by this clock: what is not over then is waited for once more.
    for (let { first } = this.#waits; first !== undefined && first.until <= now; { first } = this.#waits) {
      this.#waits.shift();
      onOver(first.item);
    }
    this.#scheduleFirst();
  }
}
