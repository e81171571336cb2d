import { wantsRest, type Delivery, type WakeKind } from '../lanes/delivery.ts';
import {
  worstEnd,
  type Moved,
  type Wake,
  type Wanted,
  type WakeEnd,
  type WakePriority,
} from '../lanes/wake.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { Registrations } from '../registry/registrations.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { KeysOfDevice } from '../registry/whereabouts.ts';
import type { OwedDevices } from './owed-devices.ts';

/** Up to so many keys are kept in an array, more in a set. */
const FEW_KEYS = 8;

/** What all wakes of one program share. */
export interface KeyWakeContext {
  readonly registrations: Pick<Registrations, 'whereabouts' | 'renew' | 'evict'>;
  /** Keeps over a restart which devices are owed a wake; absent if there is no such record. */
  readonly owed: OwedDevices | undefined;
  /** Wakes the device to which keys of a wake have moved. */
  readonly redirect: (wake: KeyWake, from: PushTarget) => Promise<WakeEnd>;
  /** Told of a device whose push service wants it to be left alone for a while, or calls it gone. */
  readonly onRest?: ((device: string) => void) | undefined;
  /** Told of a wake for keys that have left another device, before that wake is asked for. */
  readonly onMoved?: ((wake: KeyWake, from: PushTarget) => void) | undefined;
}

export interface KeyWakeOptions {
  readonly target: PushTarget;
  readonly kind: WakeKind;
  readonly keys: readonly TradePubkey[];
  readonly priority: WakePriority;
  /** `deviceOf(target)`, if it is known already. */
  readonly device?: string;
  readonly isVouched?: boolean;
  readonly since?: number;
  readonly wasHeld?: boolean;
}

/** A wake for trade keys that point at one device. It is wanted for as long as one of them is registered, and follows them to other devices (contract 5). */
export class KeyWake implements Wake {
  readonly target: PushTarget;
  readonly device: string;
  /** The wake must look like every other one, whatever asked for it (contract 9). */
  isUniform = false;
  /** A vouched event is among those that the wake answers (contract 5). */
  isVouched: boolean;
  since: number;
  wasHeld: boolean;
  #kind: WakeKind;
  #priority: WakePriority;
  // Thousands of wakes may wait: one key takes no set.
  #keys: readonly TradePubkey[] | Set<TradePubkey>;
  readonly #context: KeyWakeContext;

  constructor(context: KeyWakeContext, options: KeyWakeOptions) {
    const { keys, target } = options;
    this.target = target;
    this.device = options.device ?? deviceOf(target);
    this.#kind = options.kind;
    this.#priority = options.priority;
    this.isVouched = options.isVouched === true;
    this.since = options.since ?? Infinity;
    this.wasHeld = options.wasHeld === true;
    this.#keys = keys.length > FEW_KEYS ? new Set(keys) : keys;
    this.#context = context;
  }

  get kind(): WakeKind {
    return this.isUniform ? 'silent_wake' : this.#kind;
  }

  get priority(): WakePriority {
    return this.isUniform ? 'live' : this.#priority;
  }

  get keys(): readonly TradePubkey[] {
    return this.#keys instanceof Set ? [...this.#keys] : this.#keys;
  }

  get tracedKeys(): Iterable<TradePubkey> {
    return this.#keys;
  }

  has(key: TradePubkey): boolean {
    return this.#keys instanceof Set ? this.#keys.has(key) : this.#keys.includes(key);
  }

  /** Takes in another wake for the device. The more urgent priority holds for both; a relay wake absorbs a chat wake. */
  absorb(other: KeyWake): void {
    for (const key of other.#keys) this.#add(key);
    this.since = Math.min(this.since, other.since);
    if (other.#kind === 'silent_wake') this.#kind = other.#kind;
    if (other.#priority === 'live') this.#priority = other.#priority;
    if (other.isVouched) this.isVouched = true;
    if (other.isUniform) this.isUniform = true;
  }

  with(other: Wake): Wake {
    // The other wake is not one of keys, so it takes in this wake.
    if (!(other instanceof KeyWake)) return other.with(this);
    this.absorb(other);
    return this;
  }

  /**
   * A wake for some of the keys, which now point at another device. It is like this wake in all but that it does not count as held before,
   * and that the other device's policy decides whether it is uniform.
   */
  movedTo(
    target: PushTarget,
    keys: readonly TradePubkey[],
    priority: WakePriority = this.#priority,
  ): KeyWake {
    const { isVouched, since } = this;
    return new KeyWake(this.#context, { target, kind: this.#kind, keys, priority, isVouched, since });
  }

  /** Takes these keys out of the wake. @returns whether any key is left */
  leave(keys: readonly TradePubkey[]): boolean {
    const left = new Set(this.#keys);
    for (const key of keys) left.delete(key);
    this.#keys = left.size > FEW_KEYS ? left : [...left];
    return left.size > 0;
  }

  async stillWanted(): Promise<Wanted> {
    const asked = this.#size;
    const { here, elsewhere } = await this.#context.registrations.whereabouts(this.target, this.#keys);
    if (elsewhere.length === 0) return { here };
    return { here, move: (priority) => this.#move(elsewhere, priority, asked) };
  }

  onAttempt(delivery: Delivery): void {
    if (wantsRest(delivery) || delivery.outcome === 'gone') this.#context.onRest?.(this.device);
  }

  async onDelivered(): Promise<void> {
    // A chat wake renews nothing: anyone who knows a key could keep its registration alive, and safe from being displaced (contract 6).
    if (this.#kind === 'silent_wake') await this.#context.registrations.renew(this.target, this.#keys);
  }

  onGone(): Promise<void> {
    return this.#context.registrations.evict(this.target);
  }

  onOwed(): boolean {
    const { keys, target } = this;
    this.#context.owed?.owe({ target, kind: this.#kind, keys });
    return this.#context.owed !== undefined;
  }

  onPaid(): void {
    this.#context.owed?.pay(this.target);
  }

  get #size(): number {
    return this.#keys instanceof Set ? this.#keys.size : this.#keys.length;
  }

  #move(elsewhere: readonly KeysOfDevice[], priority: WakePriority, asked: number): Moved {
    const { onMoved, redirect } = this.#context;
    // A key that was added during the look-up may point here.
    const isWhole = this.#size === asked;
    const ends = elsewhere.map(({ target, keys }) => {
      const wake = this.movedTo(target, keys, priority);
      onMoved?.(wake, this.target);
      return redirect(wake, this.target);
    });
    for (const { keys } of elsewhere) this.leave(keys);
    return { isWhole, end: Promise.all(ends).then(worstEnd) };
  }

  #add(key: TradePubkey): void {
    if (this.has(key)) return;
    if (this.#keys instanceof Set) this.#keys.add(key);
    else this.#keys = this.#keys.length < FEW_KEYS ? [...this.#keys, key] : new Set([...this.#keys, key]);
  }
}
