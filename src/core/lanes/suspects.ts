import type { Clock } from '../basics/clock.ts';

/** Suspects of one lane. Beyond so many the oldest is no suspect any more: it then takes two more strikes to forget it. */
const MAX_SUSPECTS = 10_000;

interface Suspect {
  /** When the first strike was. */
  readonly since: number;
  /** When the device was tried last. */
  triedAt: number;
}

/** Which device had a wake delivered, and when. */
interface Delivered {
  readonly device: string;
  readonly at: number;
}

/** `first` makes the device a suspect, `early` is too soon after the first to count, `second` may forget the device. */
export type Strike = 'first' | 'early' | 'second';

/**
 * The devices of a lane that were called gone once (contract 5: forgetting takes two strikes). A delivered wake or a new
 * registration clears a device. A restart clears all of them: whatever they are owed is owed still.
 */
export class Suspects {
  readonly #confirmMs: number;
  readonly #monotonic: Clock;
  readonly #suspects = new Map<string, Suspect>();
  /** The last delivery, and the last one to another device than that. */
  #last: Delivered | undefined;
  #lastToAnother: Delivered | undefined;

  /** @param confirmMs `GONE_CONFIRM_SECONDS`, in milliseconds: the least time between the two strikes */
  constructor(confirmMs: number, monotonic: Clock) {
    this.#confirmMs = confirmMs;
    this.#monotonic = monotonic;
  }

  has(device: string): boolean {
    return this.#suspects.has(device);
  }

  strike(device: string): Strike {
    const now = this.#monotonic();
    const known = this.#suspects.get(device);
    if (known === undefined) {
      this.#suspects.set(device, { since: now, triedAt: now });
      if (this.#suspects.size > MAX_SUSPECTS) this.#dropOldest();
      return 'first';
    }
    known.triedAt = now;
    return now - known.since >= this.#confirmMs ? 'second' : 'early';
  }

  noteDelivered(device: string): void {
    this.clear(device);
    if (this.#last !== undefined && this.#last.device !== device) this.#lastToAnother = this.#last;
    this.#last = { device, at: this.#monotonic() };
  }

  /** The device is none any more: it is in use, or it has been forgotten. */
  clear(device: string): void {
    this.#suspects.delete(device);
  }

  /** Whether another device has had a wake delivered since the first strike: then the push service works. */
  hasSeenAnotherDelivered(device: string): boolean {
    const since = this.#suspects.get(device)?.since ?? Infinity;
    const other = this.#last?.device === device ? this.#lastToAnother : this.#last;
    return other !== undefined && other.at >= since;
  }

  /** How long until a second strike counts, in milliseconds. */
  untilConfirmedMs(device: string): number {
    return this.#leftMs(this.#suspects.get(device)?.since, this.#confirmMs);
  }

  /** How long until the device was last tried so long ago, in milliseconds. */
  untilRestedMs(device: string, restMs: number): number {
    return this.#leftMs(this.#suspects.get(device)?.triedAt, restMs);
  }

  #leftMs(from: number | undefined, ms: number): number {
    return from === undefined ? 0 : Math.max(0, from + ms - this.#monotonic());
  }

  #dropOldest(): void {
    for (const oldest of this.#suspects.keys()) return void this.#suspects.delete(oldest);
  }
}
