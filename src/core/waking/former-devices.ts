import type { OwedDevices } from './owed-devices.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { WakeEnd } from '../lanes/wake.ts';

export interface FormerDevicesOptions {
  /** Keeps over a restart which devices are owed a wake. */
  readonly owed: OwedDevices | undefined;
  readonly registrations: Pick<Registrations, 'whereabouts'>;
}

/** A device whose wakes have moved to other devices. */
interface Former {
  /** Wakes that have moved, and have not ended yet. */
  underWay: number;
  /** One of them was dropped. */
  isDropped: boolean;
}

/**
 * Devices whose wakes have moved to other devices, because their keys have. What such a device was owed stays on record until the wakes at
 * the other devices have ended. A restart before that finds the record, and wakes the devices at which its keys point by then.
 */
export class FormerDevices {
  readonly #options: FormerDevicesOptions;
  readonly #left = new Map<string, Former>();

  constructor(options: FormerDevicesOptions) {
    this.#options = options;
  }

  /** @param end how the moved wake ends */
  async note(from: PushTarget, end: Promise<WakeEnd>): Promise<void> {
    if (this.#options.owed?.find(from) === undefined) return;
    const device = deviceOf(from);
    const former = this.#left.get(device) ?? { underWay: 0, isDropped: false };
    this.#left.set(device, former);
    former.underWay++;
    if ((await end) === 'dropped') former.isDropped = true;
    if (--former.underWay > 0) return;
    this.#left.delete(device);
    if (!former.isDropped) await this.#pay(from);
  }

  async #pay(from: PushTarget): Promise<void> {
    const { owed, registrations } = this.#options;
    const wake = owed?.find(from);
    if (wake === undefined) return;
    const { here } = await registrations.whereabouts(from, wake.keys);
    if (here === undefined) owed?.pay(from);
  }
}
