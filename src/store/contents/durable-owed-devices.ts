import type { OwedDevices, OwedWake } from '../../core/waking/owed-devices.ts';
import { deviceOf, type PushTarget } from '../../core/registry/push-target.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import type { Journal } from '../file/journal.ts';
import { encodeRecord } from '../file/record-codec.ts';
import type { StoreRecord } from '../file/store-record.ts';

/** The devices that are owed a wake: as many as have a registration, or had one at the last sweep. It goes to the disk in the order of events, so that none is committed there before its owed wake. */
export class DurableOwedDevices implements OwedDevices {
  readonly #owed = new Map<string, OwedWake>();
  readonly #journal: Journal;
  readonly #onGarbage: () => void;

  constructor(journal: Journal, onGarbage: () => void) {
    this.#journal = journal;
    this.#onGarbage = onGarbage;
  }

  get size(): number {
    return this.#owed.size;
  }

  owe({ target, kind, keys }: OwedWake): void {
    // A copy: the lane goes on changing its own.
    const wake = { target, kind, keys: [...keys] };
    const known = this.#owed.get(deviceOf(target));
    if (known !== undefined && isSame(known, wake)) return;
    if (known !== undefined) this.#onGarbage();
    this.restore(wake);
    this.#write({ type: 'owed', wake });
  }

  pay(target: PushTarget): void {
    if (!this.drop(target)) return;
    this.#onGarbage();
    this.#write({ type: 'paid', target });
  }

  find(target: PushTarget): OwedWake | undefined {
    return this.#owed.get(deviceOf(target));
  }

  /** Settles what is owed for keys none of which is held any more. */
  prune(isHeld: (tradePubkey: TradePubkey) => boolean): void {
    for (const { keys, target } of this.#owed.values()) if (!keys.some(isHeld)) this.pay(target);
  }

  restore(wake: OwedWake): void {
    this.#owed.set(deviceOf(wake.target), wake);
  }

  drop(target: PushTarget): boolean {
    return this.#owed.delete(deviceOf(target));
  }

  all(): Iterable<OwedWake> {
    return this.#owed.values();
  }

  #write(record: StoreRecord): void {
    this.#journal.write({ bytes: encodeRecord(record) });
  }
}

function isSame(a: OwedWake, b: OwedWake): boolean {
  return a.kind === b.kind && a.keys.length === b.keys.length && a.keys.every((key) => b.keys.includes(key));
}
