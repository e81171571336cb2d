import type { PushService, PushTarget } from '../../core/registry/push-target.ts';
import { DeviceTable } from './device-table.ts';
import { type Column, NO_ROW, RowRings } from './rows.ts';

/** Which device each registration points at, and which registrations point at each device, all by their rows. */
export class DeviceLinks {
  readonly #devices = new DeviceTable();
  /** The registrations that point at one device. */
  readonly #ofDevice = new RowRings();
  /** The device of each registration. */
  readonly #deviceOf: Column<Int32Array>;

  constructor(deviceOf: Column<Int32Array>) {
    this.#deviceOf = deviceOf;
  }

  /** What there has ever been room for: blocks of addresses. */
  get blocks(): number {
    return this.#devices.blocks;
  }

  begin(row: number): void {
    this.#ofDevice.begin(row);
  }

  serviceOf(row: number): PushService {
    return this.#devices.serviceOf(this.#deviceOf.get(row));
  }

  targetOf(row: number): PushTarget {
    return this.#devices.targetOf(this.#deviceOf.get(row));
  }

  is(row: number, target: PushTarget): boolean {
    return this.#devices.is(this.#deviceOf.get(row), target);
  }

  /** Whether the target's endpoint has as many sets of Web Push keys as one may have, and the target brings another one. */
  isCrowded(target: PushTarget): boolean {
    return this.#devices.isCrowded(target);
  }

  /** One of the registrations that point at a device. */
  anyOf(target: PushTarget): number {
    const device = this.#devices.find(target);
    return device === NO_ROW ? NO_ROW : this.#devices.firstRegistration.get(device);
  }

  /** Points a row that points nowhere at its device. */
  point(row: number, target: PushTarget): void {
    const { firstRegistration } = this.#devices;
    const known = this.#devices.find(target);
    const device = known === NO_ROW ? this.#devices.add() : known;
    if (known === NO_ROW) firstRegistration.set(device, row);
    else this.#ofDevice.join(row, firstRegistration.get(device));
    this.#deviceOf.set(row, device);
  }

  /** Points a row nowhere; a device that nothing points at is no more. */
  release(row: number): void {
    const { firstRegistration } = this.#devices;
    const device = this.#deviceOf.get(row);
    const next = this.#ofDevice.next(row);
    if (next === row) this.#devices.remove(device);
    else if (firstRegistration.get(device) === row) firstRegistration.set(device, next);
    this.#ofDevice.leave(row);
  }
}
