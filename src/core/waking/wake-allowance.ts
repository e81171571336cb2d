import { type Clock, HOUR_MS, type Schedule, SECOND_MS } from '../basics/clock.ts';
import { Countdown } from '../basics/countdown.ts';

/** Wakes that are counted at the same time, for all devices together: some 25 MB with the names of the devices. */
const MAX_COUNTED = 65_536;
/** A wake that another server tells of is one that is known here if both stop counting within this time. The engine's clock is between them. */
const SAME_MS = 2 * SECOND_MS;
const NONE: readonly number[] = [];

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
  /** The rest of an hour that began at another server of the fleet. */
  readonly resumed?: { readonly endsAt: number; readonly cancel: () => void };
}

/**
 * Limits the wakes that a device gets within an hour for events that anyone can publish (contract 5). The hour slides: each wake counts
 * until it is an hour old. Only devices with such a wake are kept.
 */
export class WakeAllowance {
  readonly #options: WakeAllowanceOptions;
  readonly #maxCounted: number;
  /** By device, the wakes that count. */
  readonly #wakes = new Map<string, Counted[]>();
  readonly #hour: Countdown<Counted>;
  /** Those of them that another server has counted first. */
  readonly #resumed = new Set<Counted>();

  /** @param maxCounted for tests */
  constructor(options: WakeAllowanceOptions, maxCounted = MAX_COUNTED) {
    this.#options = options;
    this.#maxCounted = maxCounted;
    const { monotonic, schedule } = options;
    const onOver = (counted: Counted): void => {
      this.#uncount(counted);
      options.onRoom(counted.device);
    };
    this.#hour = new Countdown({ ms: HOUR_MS, schedule, monotonic, onOver });
  }

  /** Wakes that are counted. */
  get size(): number {
    return this.#hour.size + this.#resumed.size;
  }

  /** Whether the device may be woken once more. */
  hasRoom(device: string): boolean {
    return (this.#wakes.get(device)?.length ?? 0) < this.#options.perHour;
  }

  /** Counts a wake. At the bound the oldest wake of all stops counting: a device may then be woken too often, but none too seldom. */
  count(device: string): void {
    const { onRoom } = this.#options;
    const oldest = this.size < this.#maxCounted ? undefined : this.#oldest();
    const counted: Counted = { device };
    this.#add(counted);
    this.#hour.begin(counted);
    if (oldest === undefined) return;
    this.#displace(oldest);
    onRoom(oldest.device);
  }

  /** For each wake of the device that counts, how long it still does, in milliseconds. */
  leftMs(device: string): readonly number[] {
    return this.#wakes.get(device)?.map((counted) => this.#leftMs(counted)) ?? NONE;
  }

  /** Counts the wakes of a device that another server of the fleet has counted, for the rest of their hours. @param left of each wake, in milliseconds */
  resume(device: string, left: readonly number[]): void {
    const known = [...this.leftMs(device)];
    for (const ms of left) {
      const same = known.findIndex((knownMs) => Math.abs(knownMs - ms) <= SAME_MS);
      if (same !== -1) known.splice(same, 1);
      else if (ms > 0 && ms <= HOUR_MS && this.hasRoom(device)) this.#resume(device, ms);
    }
  }

  /** The devices that were woken within the last so many milliseconds. A device may come more than once. */
  *since(ms: number): Generator<string> {
    for (const counted of this.#hour.items()) if (HOUR_MS - this.#leftMs(counted) <= ms) yield counted.device;
    for (const counted of this.#resumed) if (HOUR_MS - this.#leftMs(counted) <= ms) yield counted.device;
  }

  /** Stops counting all wakes, and leaves no timer. */
  clear(): void {
    this.#hour.clear();
    for (const { resumed } of this.#resumed) resumed?.cancel();
    this.#resumed.clear();
    this.#wakes.clear();
  }

  #resume(device: string, ms: number): void {
    const { monotonic, onRoom, schedule } = this.#options;
    const oldest = this.size < this.#maxCounted ? undefined : this.#oldest();
    if (oldest !== undefined) this.#displace(oldest);
    const cancel = schedule(ms, () => {
      this.#resumed.delete(counted);
      this.#uncount(counted);
      onRoom(device);
    });
    const counted: Counted = { device, resumed: { endsAt: monotonic() + ms, cancel } };
    this.#resumed.add(counted);
    this.#add(counted);
  }

  #leftMs(counted: Counted): number {
    if (counted.resumed === undefined) return this.#hour.leftMs(counted) ?? 0;
    return Math.max(0, counted.resumed.endsAt - this.#options.monotonic());
  }

  #oldest(): Counted | undefined {
    for (const counted of this.#hour.items()) return counted;
    for (const counted of this.#resumed) return counted;
    return undefined;
  }

  #displace(counted: Counted): void {
    this.#hour.remove(counted);
    counted.resumed?.cancel();
    this.#resumed.delete(counted);
    this.#uncount(counted);
    this.#options.onDisplaced?.();
  }

  #add(counted: Counted): void {
    const wakes = this.#wakes.get(counted.device);
    if (wakes === undefined) this.#wakes.set(counted.device, [counted]);
    else wakes.push(counted);
  }

  #uncount(counted: Counted): void {
    const wakes = this.#wakes.get(counted.device) ?? [];
    if (wakes.length <= 1) this.#wakes.delete(counted.device);
    else wakes.splice(wakes.indexOf(counted), 1);
  }
}
