import { HOUR_MS } from './clock.ts';

/** Answers that are looked back on (contract 5). */
const ANSWERS = 50;
/** The guard is up when more than one answer in so many is *gone* (contract 5). */
const SHARE = 5;
/** Fewer than this can be gone by chance, in a small community too (contract 5). */
const LEAST_GONE = 10;
/** Devices that are remembered for having had a wake delivered; a name takes some 200 bytes. */
const MAX_SERVED = 10_000;
/** How often a suspect is tried while the guard is up (contract 5). */
export const GUARDED_RETRY_MS = HOUR_MS;

/** The last answers of one kind of devices. */
class LastAnswers {
  /** Whether each of them was *gone*, oldest first. */
  readonly #isGone: boolean[] = [];

  note(isGone: boolean): void {
    this.#isGone.push(isGone);
    if (this.#isGone.length > ANSWERS) this.#isGone.shift();
  }

  get areTooManyGone(): boolean {
    const gone = this.#isGone.filter(Boolean).length;
    return gone >= LEAST_GONE && gone * SHARE > this.#isGone.length;
  }
}

/**
 * Stops the forgetting of devices of a push service while too many of its answers are *gone* (contract 5): a fault of the service
 * or a wrong project must not empty the store.
 *
 * Devices that have had a wake delivered are counted apart from those that never had one. Anyone can register any number of dead
 * tokens, but no dead token was ever delivered to: such a flood keeps its own tokens from being forgotten, and changes nothing
 * for devices that are in use.
 */
export class EvictionGuard {
  readonly #served = new Set<string>();
  readonly #ofServed = new LastAnswers();
  readonly #ofOthers = new LastAnswers();

  /** Whether any devices are kept for now because too many are called gone. */
  get isUp(): boolean {
    return this.#ofServed.areTooManyGone || this.#ofOthers.areTooManyGone;
  }

  /** Whether the device is kept for now because too many are called gone. */
  protects(device: string): boolean {
    return this.#ofServed.areTooManyGone || this.#answersFor(device).areTooManyGone;
  }

  noteDelivered(device: string): void {
    this.#answersFor(device).note(false);
    this.#served.delete(device);
    this.#served.add(device);
    if (this.#served.size <= MAX_SERVED) return;
    for (const oldest of this.#served) return void this.#served.delete(oldest);
  }

  noteGone(device: string): void {
    this.#answersFor(device).note(true);
  }

  #answersFor(device: string): LastAnswers {
    return this.#served.has(device) ? this.#ofServed : this.#ofOthers;
  }
}
