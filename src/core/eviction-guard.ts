import { HOUR_MS, MINUTE_MS, type Clock } from './clock.ts';
import { DistinctDevices } from './distinct-devices.ts';

/** What is looked back on. */
const WINDOW_MS = 10 * MINUTE_MS;
/** Fewer devices than this can go at once by chance, in a small community too. */
const LEAST_GONE = 10;
const MAX_DEVICES = 1000;
/** How often a device is tried that was called gone while the guard was up (contract 5). */
export const SUSPECT_RETRY_MS = HOUR_MS;

/**
 * Stops the forgetting of devices when it suddenly becomes common (contract 5): a wrong project must not empty the
 * store. It trips when, within ten minutes, ten distinct devices of a lane were called gone, and more were than had a wake
 * delivered, or as many as are counted; it lets go when that is over.
 */
export class EvictionGuard {
  readonly #clock: Clock;
  readonly #gone = new DistinctDevices(WINDOW_MS, MAX_DEVICES);
  readonly #delivered = new DistinctDevices(WINDOW_MS, MAX_DEVICES);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether devices that are called gone are kept for now. */
  get isUp(): boolean {
    const now = this.#clock();
    const gone = this.#gone.count(now);
    // Beyond what is counted nobody can say which are more.
    return gone === MAX_DEVICES || (gone >= LEAST_GONE && gone > this.#delivered.count(now));
  }

  noteDelivered(device: string): void {
    this.#delivered.note(device, this.#clock());
  }

  /** @returns whether the device may be forgotten */
  noteGone(device: string): boolean {
    this.#gone.note(device, this.#clock());
    return !this.isUp;
  }
}
