import { deviceOf, type PushService, type PushTarget } from '../../core/registry/push-target.ts';
import { DeviceTable } from './device-table.ts';
import { Column, NO_ROW, RowRings } from './rows.ts';

/** Draws the lot of a device (`WakeShare.lotOf`), a 32-bit integer. */
export type LotOf = (device: string) => number;

/**
 * Which device each registration points at, and which registrations point at each device. Methods take the registration's row. A
 * device is in its table for as long as a registration points at it.
 */
export class DeviceLinks {
  readonly #devices = new DeviceTable();
  /** Rings of registrations: one ring has all registrations that point at one device. */
  readonly #ofDevice = new RowRings();
  /** By registration, the row of its device. */
  readonly #deviceRows: Column<Int32Array>;
  /** By registration, the lot of its device. */
  readonly #lots = new Column((length) => new Int32Array(length));
  readonly #lotOf: LotOf | undefined;

  constructor(deviceRows: Column<Int32Array>, lotOf?: LotOf) {
    this.#deviceRows = deviceRows;
    this.#lotOf = lotOf;
  }

  /** The most blocks of addresses that were ever in use. */
  get blocks(): number {
    return this.#devices.blocks;
  }

  begin(row: number): void {
    this.#ofDevice.begin(row);
  }

  serviceOf(row: number): PushService {
    return this.#devices.serviceOf(this.#deviceRows.get(row));
  }

  /** The lot of the registration's device; `undefined` for {@link NO_ROW}, and without a fleet. */
  lotOf(row: number): number | undefined {
    return row === NO_ROW || this.#lotOf === undefined ? undefined : this.#lots.get(row);
  }

  targetOf(row: number): PushTarget {
    return this.#devices.targetOf(this.#deviceRows.get(row));
  }

  is(row: number, target: PushTarget): boolean {
    return this.#devices.is(this.#deviceRows.get(row), target);
  }

  /** Whether the target is a new set of Web Push keys for an endpoint that has as many sets as it may have. */
  isCrowded(target: PushTarget): boolean {
    return this.#devices.isCrowded(target);
  }

  /** Any registration that points at the device, or {@link NO_ROW}. */
  anyOf(target: PushTarget): number {
    const device = this.#devices.find(target);
    return device === NO_ROW ? NO_ROW : this.#devices.firstRegistration.get(device);
  }

  /** The target of a device that no registration points at, with a note if registrations share its endpoint. */
  unregistered(target: PushTarget): PushTarget {
    return this.#devices.unregistered(target);
  }

  /** The next registration of the same device, or {@link NO_ROW} behind the last one. @param first the one that came first */
  next(row: number, first: number): number {
    const next = this.#ofDevice.next(row);
    return next === first ? NO_ROW : next;
  }

  /** Points a registration that has no device at one, which is added to the table if it is new. */
  point(row: number, target: PushTarget): void {
    const { firstRegistration } = this.#devices;
    const known = this.#devices.find(target);
    const device = known === NO_ROW ? this.#devices.add() : known;
    if (known === NO_ROW) firstRegistration.set(device, row);
    else this.#ofDevice.join(row, firstRegistration.get(device));
    this.#deviceRows.set(row, device);
    if (this.#lotOf === undefined) return;
    this.#lots.reach(row);
    this.#lots.set(row, this.#lotOf(deviceOf(target)));
  }

  /** Takes a registration's device from it, and removes the device if no other registration points at it. */
  release(row: number): void {
    const { firstRegistration } = this.#devices;
    const device = this.#deviceRows.get(row);
    const next = this.#ofDevice.next(row);
    if (next === row) this.#devices.remove(device);
    else if (firstRegistration.get(device) === row) firstRegistration.set(device, next);
    this.#ofDevice.leave(row);
  }
}
