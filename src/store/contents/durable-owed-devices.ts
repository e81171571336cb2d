import type { OwedDevices, OwedWake } from '../../core/waking/owed-devices.ts';
import { deviceOf, type PushTarget } from '../../core/registry/push-target.ts';
import type { ChangeJournal } from './change-journal.ts';

/**
 * The devices that are owed a wake, in memory and on the disk. They are at most as many as the devices that have a registration, or had
 * one at the last sweep. A caller owes a wake before it commits the wake's events to the seen-set, and the journal keeps that order: so
 * no event is on the disk as seen without its owed wake.
 */
export class DurableOwedDevices implements OwedDevices {
  readonly #owed = new Map<string, OwedWake>();
  readonly #journal: ChangeJournal;
  readonly #onGarbage: () => void;

  constructor(journal: ChangeJournal, onGarbage: () => void) {
    this.#journal = journal;
    this.#onGarbage = onGarbage;
  }

  get size(): number {
    return this.#owed.size;
  }

  owe({ target, kind, keys }: OwedWake): void {
    // A copy: the lane changes its own array later.
    const wake = { target, kind, keys: [...keys] };
    const known = this.#owed.get(deviceOf(target));
    if (known !== undefined && isSame(known, wake)) return;
    if (known !== undefined) this.#onGarbage();
    this.restore(wake);
    this.#journal.write({ type: 'owed', wake });
  }

  pay(target: PushTarget): void {
    if (!this.drop(target)) return;
    this.#onGarbage();
    this.#journal.write({ type: 'paid', target });
  }

  find(target: PushTarget): OwedWake | undefined {
    return this.#owed.get(deviceOf(target));
  }

  /** Removes the owed wakes that are wanted no more. */
  prune(isWanted: (wake: OwedWake) => boolean): void {
    for (const wake of this.#owed.values()) if (!isWanted(wake)) this.pay(wake.target);
  }

  /** Adds a wake that was read from the disk. */
  restore(wake: OwedWake): void {
    this.#owed.set(deviceOf(wake.target), wake);
  }

  /** Removes a wake from memory only. @returns whether it was there */
  drop(target: PushTarget): boolean {
    return this.#owed.delete(deviceOf(target));
  }

  all(): Iterable<OwedWake> {
    return this.#owed.values();
  }
}

function isSame(a: OwedWake, b: OwedWake): boolean {
  return a.kind === b.kind && a.keys.length === b.keys.length && a.keys.every((key) => b.keys.includes(key));
}
