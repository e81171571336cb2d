import { deviceOf, type PushTarget } from '../../src/core/registry/push-target.ts';
import type { OwedDevices, OwedWake } from '../../src/core/waking/owed-devices.ts';

/** The devices that a server of a fleet owes a wake. */
export class FakeOwedDevices implements OwedDevices {
  readonly wakes = new Map<string, OwedWake>();

  owe(wake: OwedWake): void {
    this.wakes.set(deviceOf(wake.target), wake);
  }

  pay(target: PushTarget): void {
    this.wakes.delete(deviceOf(target));
  }

  find(target: PushTarget): OwedWake | undefined {
    return this.wakes.get(deviceOf(target));
  }
}
