import { HOUR_MS } from '../basics/clock.ts';
import { KnownDevices } from './known-devices.ts';

/** Answers that are looked back on (contract 5). */
const ANSWERS = 50;
/** The guard is up when more than one answer in so many is *gone* (contract 5). */
const SHARE = 5;
/** Fewer than this can be gone by chance, in a small community too (contract 5). */
const LEAST_GONE = 10;
/** Devices that are remembered for having had a wake delivered; a name takes some 200 bytes. */
const MAX_KNOWN = 10_000;
/** How often a suspect is tried while the guard is up (contract 5). */
export const GUARDED_RETRY_MS = HOUR_MS;

/** The last answers of one kind of devices. */
class LastAnswers {
  /** Whether each of them was *gone*, oldest first. */
  readonly #isGone: boolean[] = [];
  /** How many of them were *gone*. */
  #gone = 0;

  note(isGone: boolean): void {
    this.#isGone.push(isGone);
    if (isGone) this.#gone++;
    if (this.#isGone.length > ANSWERS && this.#isGone.shift() === true) this.#gone--;
  }

  get areTooManyGone(): boolean {
    return this.#gone >= LEAST_GONE && this.#gone * SHARE > this.#isGone.length;
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
  readonly #known = new KnownDevices(MAX_KNOWN);
  readonly #ofKnown = new LastAnswers();
  readonly #ofOthers = new LastAnswers();

  /** Whether any devices are kept for now because too many are called gone. */
  get isUp(): boolean {
    return this.#ofKnown.areTooManyGone || this.#ofOthers.areTooManyGone;
  }

  /** Whether the device is kept for now because too many are called gone. */
  protects(device: string): boolean {
    return this.#ofKnown.areTooManyGone || this.#answersFor(device).areTooManyGone;
  }

  noteDelivered(device: string): void {
    this.#answersFor(device).note(false);
    this.#known.add(device);
  }

  noteGone(device: string): void {
    this.#answersFor(device).note(true);
  }

  #answersFor(device: string): LastAnswers {
    return this.#known.has(device) ? this.#ofKnown : this.#ofOthers;
  }
}
