import type { Clock } from '../basics/clock.ts';

/** Suspects of one lane. Beyond the bound the oldest stops being a suspect, and its eviction takes two more strikes. */
const MAX_SUSPECTS = 10_000;

interface Suspect {
  /** The time of the first strike. */
  readonly since: number;
  /** The time of the last attempt. */
  triedAt: number;
}

/** A delivery and its time, in milliseconds. */
interface Delivered {
  readonly device: string;
  readonly at: number;
}

/** `first`: the device becomes a suspect. `early`: too soon after the first strike to count. `second`: the device may be evicted. */
export type Strike = 'first' | 'early' | 'second';

/**
 * The devices of a lane that were called gone once (contract 5: eviction takes two strikes). A delivered wake or a new registration clears
 * a device. A restart clears all devices, unless another server of the fleet takes them over; they are still owed their wakes.
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
      this.#add(device, now);
      return 'first';
    }
    known.triedAt = now;
    return now - known.since >= this.#confirmMs ? 'second' : 'early';
  }

  /** How long until a second strike counts, in milliseconds, less than zero if it counts already; `undefined` if there was no first one. */
  confirmedIn(device: string): number | undefined {
    const since = this.#suspects.get(device)?.since;
    return since === undefined ? undefined : since + this.#confirmMs - this.#monotonic();
  }

  /** Another server of the fleet has seen the first strike. @param ms as from {@link confirmedIn} */
  resume(device: string, ms: number): void {
    if (!this.has(device)) this.#add(device, this.#monotonic() + ms - this.#confirmMs);
  }

  noteDelivered(device: string): void {
    this.clear(device);
    if (this.#last !== undefined && this.#last.device !== device) this.#lastToAnother = this.#last;
    this.#last = { device, at: this.#monotonic() };
  }

  /** The device is no suspect any more: it is in use, or it has been evicted. */
  clear(device: string): void {
    this.#suspects.delete(device);
  }

  /** Whether another device has had a wake delivered since the first strike. Then the push service works. */
  hasSeenAnotherDelivered(device: string): boolean {
    const since = this.#suspects.get(device)?.since ?? Infinity;
    const other = this.#last?.device === device ? this.#lastToAnother : this.#last;
    return other !== undefined && other.at >= since;
  }

  /** How long until a second strike counts, in milliseconds. */
  untilConfirmedMs(device: string): number {
    return this.#leftMs(this.#suspects.get(device)?.since, this.#confirmMs);
  }

  /** How long until the last attempt is `restMs` ago, in milliseconds. */
  untilRestedMs(device: string, restMs: number): number {
    return this.#leftMs(this.#suspects.get(device)?.triedAt, restMs);
  }

  #leftMs(from: number | undefined, ms: number): number {
    return from === undefined ? 0 : Math.max(0, from + ms - this.#monotonic());
  }

  #add(device: string, since: number): void {
    this.#suspects.set(device, { since, triedAt: since });
    if (this.#suspects.size > MAX_SUSPECTS) this.#dropOldest();
  }

  #dropOldest(): void {
    for (const oldest of this.#suspects.keys()) return void this.#suspects.delete(oldest);
  }
}
