import { HOUR_MS } from '../basics/clock.ts';
import { KnownDevices } from './known-devices.ts';

/** How many of the last answers the guard looks at (contract 5). */
const ANSWERS = 50;
/** The guard is up when more than one answer in so many is *gone* (contract 5). */
const SHARE = 5;
/** Fewer devices can be gone by chance, also in a small community (contract 5). */
const LEAST_GONE = 10;
/** Devices that are known to have had a wake delivered; a name takes some 200 bytes. */
const MAX_KNOWN = 10_000;
/** How often a suspect is tried while the guard is up (contract 5). */
export const GUARDED_RETRY_MS = HOUR_MS;

/** The last answers of one kind of devices. */
class LastAnswers {
  /** For each answer whether it was *gone*, the oldest first. */
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
 * Stops the eviction of devices while too many answers of a push service are *gone* (contract 5). A fault of the service, or credentials
 * of another project, must not empty the store.
 *
 * Devices that have had a wake delivered are counted apart from devices that never had one. Anyone can register any number of dead
 * tokens, but no dead token ever has a wake delivered. So a flood of them protects only its own tokens from eviction.
 */
export class EvictionGuard {
  readonly #known = new KnownDevices(MAX_KNOWN);
  readonly #ofKnown = new LastAnswers();
  readonly #ofOthers = new LastAnswers();

  /** Too many devices are called gone, so some or all of them are not evicted for now. */
  get isUp(): boolean {
    return this.#ofKnown.areTooManyGone || this.#ofOthers.areTooManyGone;
  }

  /** Whether the device must not be evicted for now. */
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
