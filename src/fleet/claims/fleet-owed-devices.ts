import { deviceOf, type PushTarget } from '../../core/registry/push-target.ts';
import type { OwedDevices, OwedWake } from '../../core/waking/owed-devices.ts';
import type { FleetNames } from '../engine/names.ts';
import type { ValueSealer } from '../engine/value-sealer.ts';
import { newsHead, type ClaimBatches } from './claim-batches.ts';
import type { OpenClaims } from './open-claims.ts';
import { encodeOwed } from './wake-codec.ts';

const NO_VALUE = Buffer.alloc(0);
/** Begins the name of an owed wake. */
const OWED = Buffer.from('o');

export interface FleetOwedDevicesOptions {
  readonly batches: Pick<ClaimBatches, 'tell' | 'groupEnded'>;
  readonly open: OpenClaims;
  readonly names: FleetNames;
  readonly sealer: ValueSealer;
  readonly groupOf: (device: string) => string;
}

interface Owed {
  readonly wake: OwedWake;
  /** The group that stays here because of it. */
  readonly group: string;
}

/** The devices that are owed a wake by this server. When it dies, another server owes them. */
export class FleetOwedDevices implements OwedDevices {
  readonly #options: FleetOwedDevicesOptions;
  /** By `deviceOf`. */
  readonly #owed = new Map<string, Owed>();

  constructor(options: FleetOwedDevicesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#owed.size;
  }

  owe({ keys, kind, target }: OwedWake): void {
    // A copy: the lane changes its own array later.
    const wake = { target, kind, keys: [...keys] };
    const device = deviceOf(target);
    const known = this.#owed.get(device);
    if (known !== undefined && isSame(known.wake, wake)) return;
    const group = known?.group ?? this.#options.groupOf(device);
    if (known === undefined) this.#options.open.hold(group);
    const owed = { wake, group };
    this.#owed.set(device, owed);
    this.#write(device, owed);
  }

  pay(target: PushTarget): void {
    const { batches, names, open } = this.#options;
    const device = deviceOf(target);
    const known = this.#owed.get(device);
    if (known === undefined) return;
    this.#owed.delete(device);
    batches.tell(newsHead('P', names.group(device)), NO_VALUE);
    open.release(known.group);
    batches.groupEnded(known.group);
  }

  find(target: PushTarget): OwedWake | undefined {
    return this.of(deviceOf(target));
  }

  /** The same. @param device `deviceOf` its target */
  of(device: string): OwedWake | undefined {
    return this.#owed.get(device)?.wake;
  }

  /** Removes the owed wakes that are wanted no more. */
  prune(isWanted: (wake: OwedWake) => boolean): void {
    for (const { wake } of this.#owed.values()) if (!isWanted(wake)) this.pay(wake.target);
  }

  /** Another server has left this to be owed. @returns what the device is owed in all */
  adopt(wake: OwedWake): OwedWake {
    const known = this.find(wake.target);
    const all = known === undefined ? wake : joined(known, wake);
    this.owe(all);
    return all;
  }

  /** Writes everything again. */
  writeAll(): void {
    for (const [device, owed] of this.#owed) this.#write(device, owed);
  }

  #write(device: string, { group, wake }: Owed): void {
    const { batches, names, sealer } = this.#options;
    const name = names.group(device);
    const place = Buffer.concat([OWED, name]);
    batches.tell(newsHead('O', name, names.group(group)), sealer.seal(encodeOwed(wake), place));
  }
}

function isSame(a: OwedWake, b: OwedWake): boolean {
  return (
    a.kind === b.kind &&
    a.keys.length === b.keys.length &&
    a.keys.every((key, index) => key === b.keys[index])
  );
}

function joined(a: OwedWake, b: OwedWake): OwedWake {
  const kind = a.kind === 'silent_wake' ? a.kind : b.kind;
  return { target: a.target, kind, keys: [...new Set([...a.keys, ...b.keys])] };
}
