import { setImmediate } from 'node:timers/promises';

import type {
  AdmissionRequest,
  PutResult,
  RegistrationStore,
} from '../../core/registry/registration-store.ts';
import { renewedTarget, type PushTarget } from '../../core/registry/push-target.ts';
import {
  expiryOf,
  type Lifetime,
  type Registration,
  type RegistrationCounts,
} from '../../core/registry/registration.ts';
import type { Correction } from '../../core/basics/trusted-clock.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { DeviceLinks } from './device-links.ts';
import { Displacement } from './displacement.ts';
import { KeyIndex } from './key-index.ts';
import { NO_NETWORK } from './network-counts.ts';
import { NO_ROW, RowNumbers } from './rows.ts';
import type { ChangeListener } from './registration-change.ts';
import { RegistrationTable } from './registration-table.ts';

/** What removes many lets others work after so many: a millisecond or two, where a million would take a second. */
const SLICE = 1024;

/**
 * Registrations in memory: gone with the process. They are no objects but numbered rows in typed arrays:
 * the garbage collector never looks at them, and a million take some 230 MB (docs/performance.md).
 */
export class MemoryRegistrations implements RegistrationStore {
  /** A call of `put`, `renew` or `remove` has made its changes, and told of them, when it gives its promise. */
  listener: ChangeListener | undefined;
  readonly #capacity: number;
  readonly #numbers = new RowNumbers();
  readonly #rows = new RegistrationTable();
  readonly #devices = new DeviceLinks(this.#rows.devices);
  readonly #displacement = new Displacement((row) => this.#rows.registeredAt(row));
  readonly #keys = new KeyIndex(this.#rows.keys);
  readonly #counts = { total: 0, android: 0, ios: 0, webpush: 0 };

  /** @param options.capacity the most registrations kept (`MAX_REGISTRATIONS`) */
  constructor(options: { capacity: number }) {
    this.#capacity = options.capacity;
  }

  mayContain(tradePubkey: TradePubkey): boolean {
    return this.#keys.find(tradePubkey) !== NO_ROW;
  }

  mayContainAt(text: Uint8Array, from: number): boolean {
    return this.#keys.findAt(text, from) !== NO_ROW;
  }

  isFull(): boolean {
    return this.#counts.total >= this.#capacity;
  }

  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean {
    if (!this.isFull() || this.#displaceable(request.network, request.now) !== NO_ROW) return true;
    const held = this.#keys.find(tradePubkey);
    return held !== NO_ROW && (request.signed || !this.#rows.isOwned(held, request.now));
  }

  async find(tradePubkey: TradePubkey): Promise<Registration | undefined> {
    const row = this.#keys.find(tradePubkey);
    return row === NO_ROW ? undefined : this.#read(row, tradePubkey);
  }

  async put(registration: Registration): Promise<PutResult> {
    const { network, registeredAt, signed, tradePubkey } = registration;
    if (!this.admits(tradePubkey, { signed, network, now: registeredAt })) return 'full';
    const former = this.#keys.find(tradePubkey);
    const isDefended = former !== NO_ROW && !signed && this.#rows.isOwned(former, registeredAt);
    // An owned key gets the answer that an unknown one would get, so it is judged as one.
    const target = isDefended ? registration.target : this.#renewed(former, registration.target);
    if (this.#devices.isCrowded(target)) return 'crowded';
    if (isDefended) return 'owned';
    const displaced = former === NO_ROW && this.isFull() ? this.#displaceable(network, registeredAt) : NO_ROW;
    const isTold =
      this.listener?.follows(target.type) === true || this.#isFollowed(former) || this.#isFollowed(displaced);
    if (displaced !== NO_ROW) this.#delete(displaced, isTold);
    if (former === NO_ROW) this.#insert(registration, isTold);
    else this.#replace(former, { ...registration, target }, isTold);
    return displaced === NO_ROW ? 'stored' : 'displaced';
  }

  /** Keeps what was kept before, by the disk or until a moment ago: a registration of a key that is not held. */
  restore(registration: Registration): void {
    this.#insert(registration, false);
  }

  async renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void> {
    const row = this.#keys.find(tradePubkey);
    if (row === NO_ROW || !this.#devices.is(row, target)) return;
    const isTold = this.#isFollowed(row);
    const former = isTold ? this.#read(row) : undefined;
    const expiresAt = expiryOf(this.#rows.registeredAt(row), now, lifetime);
    // Never sooner than before: the clock may have been set back.
    this.#rows.renew(row, Math.max(expiresAt, this.#rows.expiresAt(row)));
    this.#displacement.spare(row);
    if (isTold) this.listener?.onChange({ former, current: this.#read(row) });
  }

  async remove(tradePubkey: TradePubkey, request: { signed: boolean; now: number }): Promise<boolean> {
    const row = this.#keys.find(tradePubkey);
    const isOwned = this.#rows.isOwned(row || this.#keys.decoy(this.#numbers.last), request.now);
    if (row === NO_ROW || (isOwned && !request.signed)) return false;
    this.#delete(row);
    return this.#rows.expiresAt(row) > request.now;
  }

  async evict(target: PushTarget): Promise<number> {
    let evicted = 0;
    for (let one = this.#devices.anyOf(target); one !== NO_ROW; one = this.#devices.anyOf(target)) {
      this.#delete(one);
      if (++evicted % SLICE === 0) await setImmediate();
    }
    return evicted;
  }

  async sweep(now: number): Promise<number> {
    let expired = 0;
    // A key may be registered, renewed or removed between two slices: each is judged as it is when its turn comes.
    for (let row = 1; row <= this.#numbers.last; row++) {
      if (row % SLICE === 0) await setImmediate();
      if (!this.#rows.isUsed(row) || this.#rows.expiresAt(row) > now) continue;
      this.#delete(row);
      expired++;
    }
    return expired;
  }

  /** Every registration that is held from the first step to the last, once; others may be changed between two steps. */
  *entries(): Generator<Registration> {
    for (let row = 1; row <= this.#numbers.last; row++) if (this.#rows.isUsed(row)) yield this.#read(row);
  }

  /** Puts those that may give way in the order of their age, whatever the order in which they came. */
  sortByAge(): void {
    this.#displacement.sort();
  }

  /** What there has ever been room for: registrations, and blocks of their devices' addresses. */
  get rows(): { readonly registrations: number; readonly blocks: number } {
    return { registrations: this.#numbers.last, blocks: this.#devices.blocks };
  }

  async correct({ byMs, since, until }: Correction): Promise<number> {
    let corrected = 0;
    for (let row = 1; row <= this.#numbers.last; row++) {
      if (row % SLICE === 0) await setImmediate();
      const registeredAt = this.#rows.isUsed(row) ? this.#rows.registeredAt(row) : -Infinity;
      if (registeredAt < since || registeredAt > until) continue;
      const held = this.#read(row);
      const current = { ...held, registeredAt: registeredAt + byMs, expiresAt: held.expiresAt + byMs };
      this.#rows.write(row, current);
      if (this.#isFollowed(row)) this.listener?.onChange({ former: held, current });
      corrected++;
    }
    return corrected;
  }

  counts(): RegistrationCounts {
    return { ...this.#counts };
  }

  #read(row: number, tradePubkey = this.#rows.tradePubkey(row)): Registration {
    const registration = this.#rows.read(row, tradePubkey, this.#devices.targetOf(row));
    const network = this.#displacement.networkOf(row);
    return network === NO_NETWORK ? registration : { ...registration, network };
  }

  /** Where the wakes of a key go that is registered for a target, and was registered as this row says. */
  #renewed(former: number, target: PushTarget): PushTarget {
    return former === NO_ROW ? target : renewedTarget(this.#devices.targetOf(former), target);
  }

  /** The registration that would give way now to a new key from this network, if any. */
  #displaceable(network: number | undefined, now: number): number {
    return this.#displacement.choose(network ?? NO_NETWORK, now);
  }

  #replace(row: number, registration: Registration, isTold: boolean): void {
    // A key that was woken once is in use: registering it again must not make it one that may give way.
    const woken = registration.woken || this.#rows.isWoken(row);
    const former = isTold ? this.#read(row) : undefined;
    this.#unlink(row);
    this.#link(row, { ...registration, woken });
    if (isTold) this.listener?.onChange({ former, current: this.#read(row) });
  }

  #insert(registration: Registration, isTold: boolean): void {
    const row = this.#numbers.take();
    this.#rows.reach(row);
    this.#keys.add(registration.tradePubkey, row);
    this.#devices.begin(row);
    this.#displacement.begin(row);
    this.#link(row, registration);
    if (isTold) this.listener?.onChange({ former: undefined, current: this.#read(row) });
  }

  #delete(row: number, isTold = this.#isFollowed(row)): void {
    const former = isTold ? this.#read(row) : undefined;
    this.#unlink(row);
    this.#keys.remove(row);
    this.#rows.clear(row);
    this.#numbers.giveBack(row);
    if (isTold) this.listener?.onChange({ former, current: undefined });
  }

  #isFollowed(row: number): boolean {
    if (this.listener === undefined || row === NO_ROW) return false;
    return this.listener.follows(this.#devices.serviceOf(row));
  }

  /** Points a row that points nowhere at its device. */
  #link(row: number, registration: Registration): void {
    this.#devices.point(row, registration.target);
    this.#rows.write(row, registration);
    const isDisplaceable = !registration.woken && !registration.signed;
    this.#displacement.join(row, registration.network ?? NO_NETWORK, isDisplaceable);
    this.#counts.total++;
    this.#counts[registration.platform]++;
  }

  #unlink(row: number): void {
    this.#devices.release(row);
    this.#displacement.leave(row);
    this.#counts.total--;
    this.#counts[this.#rows.platform(row)]--;
  }
}
