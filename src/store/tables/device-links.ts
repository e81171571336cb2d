import type { PushTarget } from '../../core/registry/push-target.ts';
import type { Column } from './column.ts';
import { DeviceRecords } from './device-table.ts';
import { NO_RECORD } from './record-numbers.ts';
import { RecordRings } from './record-rings.ts';

/** Which device each registration points at, and which registrations point at each device, all by their records. */
export class DeviceLinks {
  readonly #devices = new DeviceRecords();
  /** The registrations that point at one device. */
  readonly #ofDevice = new RecordRings();
  /** The device of each registration. */
  readonly #deviceOf: Column<Int32Array>;

  constructor(deviceOf: Column<Int32Array>) {
    this.#deviceOf = deviceOf;
  }

  /** What there has ever been room for: blocks of addresses. */
  get blocks(): number {
    return this.#devices.blocks;
  }

  begin(record: number): void {
    this.#ofDevice.begin(record);
  }

  serviceOf(record: number): PushTarget['type'] {
    return this.#devices.serviceOf(this.#deviceOf.get(record));
  }

  targetOf(record: number): PushTarget {
    return this.#devices.targetOf(this.#deviceOf.get(record));
  }

  is(record: number, target: PushTarget): boolean {
    return this.#devices.is(this.#deviceOf.get(record), target);
  }

  /** Whether the target's endpoint has as many sets of Web Push keys as one may have, and the target brings another one. */
  isCrowded(target: PushTarget): boolean {
    return this.#devices.isCrowded(target);
  }

  /** One of the registrations that point at a device. */
  anyOf(target: PushTarget): number {
    const device = this.#devices.find(target);
    return device === NO_RECORD ? NO_RECORD : this.#devices.firstRegistration.get(device);
  }

  /** Points a record that points nowhere at its device. */
  point(record: number, target: PushTarget): void {
    const { firstRegistration } = this.#devices;
    const known = this.#devices.find(target);
    const device = known === NO_RECORD ? this.#devices.add() : known;
    if (known === NO_RECORD) firstRegistration.set(device, record);
    else this.#ofDevice.join(record, firstRegistration.get(device));
    this.#deviceOf.set(record, device);
  }

  /** Points a record nowhere; a device that nothing points at is no more. */
  release(record: number): void {
    const { firstRegistration } = this.#devices;
    const device = this.#deviceOf.get(record);
    const next = this.#ofDevice.next(record);
    if (next === record) this.#devices.remove(device);
    else if (firstRegistration.get(device) === record) firstRegistration.set(device, next);
    this.#ofDevice.leave(record);
  }
}
