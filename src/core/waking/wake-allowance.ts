import { type Clock, HOUR_MS, type Schedule } from '../basics/clock.ts';
import { Countdown } from '../basics/countdown.ts';

/** Wakes that are counted at the same time, for all devices together: some 20 MB with the names of the devices. */
const MAX_COUNTED = 65_536;

export interface WakeAllowanceOptions {
  /** How many wakes a device may get within any hour. */
  readonly perHour: number;
  readonly schedule: Schedule;
  readonly monotonic: Clock;
  /** Told of a device each time that one of its wakes is an hour old. */
  readonly onRoom: (device: string) => void;
  /** Told of each wake that stops counting before its hour is over, because {@link MAX_COUNTED} are counted. */
  readonly onDisplaced?: (() => void) | undefined;
}

/** A wake that counts for an hour. */
interface Counted {
  readonly device: string;
}

/**
 * Limits the wakes that a device gets within an hour for events that anyone can publish (contract 5). The hour slides: each wake counts
 * until it is an hour old. Only devices with such a wake are kept.
 */
export class WakeAllowance {
  readonly #options: WakeAllowanceOptions;
  readonly #maxCounted: number;
  readonly #counts = new Map<string, number>();
  readonly #hour: Countdown<Counted>;

  /** @param maxCounted for tests */
  constructor(options: WakeAllowanceOptions, maxCounted = MAX_COUNTED) {
    this.#options = options;
    this.#maxCounted = maxCounted;
    const { monotonic, schedule } = options;
    const onOver = ({ device }: Counted): void => {
      this.#uncount(device);
      options.onRoom(device);
    };
    this.#hour = new Countdown({ ms: HOUR_MS, schedule, monotonic, onOver });
  }

  /** Wakes that are counted. */
  get size(): number {
    return this.#hour.size;
  }

  /** Whether the device may be woken once more. */
  hasRoom(device: string): boolean {
    return (this.#counts.get(device) ?? 0) < this.#options.perHour;
  }

  /** Counts a wake. At the bound the oldest wake of all stops counting: a device may then be woken too often, but none too seldom. */
  count(device: string): void {
    const { onDisplaced, onRoom } = this.#options;
    const oldest = this.#hour.size < this.#maxCounted ? undefined : this.#oldest();
    this.#counts.set(device, (this.#counts.get(device) ?? 0) + 1);
    this.#hour.begin({ device });
    if (oldest === undefined) return;
    this.#hour.remove(oldest);
    this.#uncount(oldest.device);
    onDisplaced?.();
    onRoom(oldest.device);
  }

  /** Stops counting all wakes, and leaves no timer. */
  clear(): void {
    this.#hour.clear();
    this.#counts.clear();
  }

  #oldest(): Counted | undefined {
    for (const counted of this.#hour.items()) return counted;
    return undefined;
  }

  #uncount(device: string): void {
    const count = this.#counts.get(device) ?? 0;
    if (count > 1) this.#counts.set(device, count - 1);
    else this.#counts.delete(device);
  }
}
