import type { OwedDevices } from './owed-devices.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { WakeEnd } from '../lanes/wake.ts';

export interface FormerDevicesParts {
  /** Remembers over a restart which devices are owed a wake. */
  readonly owed: OwedDevices | undefined;
  readonly registrations: Pick<Registrations, 'whereabouts'>;
}

/** A device that wakes have left for others. */
interface Former {
  /** Wakes that have left it and have not ended elsewhere yet. */
  underWay: number;
  /** Whether one of them was dropped. */
  isDropped: boolean;
}

/**
 * Devices that wakes have left for others. What such a device was owed stays on record until the wakes elsewhere have ended: a
 * restart before that finds the record, looks up where its keys point, and wakes the device there.
 */
export class FormerDevices {
  readonly #parts: FormerDevicesParts;
  readonly #left = new Map<string, Former>();

  constructor(parts: FormerDevicesParts) {
    this.#parts = parts;
  }

  /** @param end how the wake ends that has left the device */
  async note(from: PushTarget, end: Promise<WakeEnd>): Promise<void> {
    if (this.#parts.owed?.find(from) === undefined) return;
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
    const { owed, registrations } = this.#parts;
    const wake = owed?.find(from);
    if (wake === undefined) return;
    const { here } = await registrations.whereabouts(from, wake.keys);
    if (here === undefined) owed?.pay(from);
  }
}
