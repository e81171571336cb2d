import type { Correction } from '../basics/trusted-clock.ts';
import type { PushTarget } from './push-target.ts';
import type { Lifetime, Registration, RegistrationCounts } from './registration.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/**
 * - `displaced`: kept, and another registration was removed to make room (contract 1.1);
 * - `full`: there was no room, so nothing changed;
 * - `crowded`: the endpoint has the most sets of Web Push keys already, and this would be a further one, so nothing changed;
 * - `owned`: the key is owned and the new registration is not signed, so nothing changed (contract 1.3).
 *
 * The result must not reveal which keys are owned. So `owned` is given only where an unknown key would be `stored` or `displaced`;
 * otherwise an owned key gets the result of an unknown key. Each takes as long as `stored`.
 */
export type PutResult = 'stored' | 'displaced' | 'full' | 'crowded' | 'owned';

/** The store cannot keep a change now, so nothing was changed (contract 6). It recovers by itself. */
export class StoreUnavailable extends Error {
  override readonly name = 'StoreUnavailable';

  constructor() {
    super('the store cannot keep changes');
  }
}

/** A request for a registration, before its token is opened: the device is not known yet. */
export interface AdmissionRequest {
  readonly signed: boolean;
  /** {@link Registration.network} */
  readonly network?: number | undefined;
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/** What registrations say of a device. */
export interface KnownDevice {
  /** Whether a key points at the device. One that has expired counts until the next sweep. */
  readonly isRegistered: boolean;
  /** The device, with a note if registrations have the same endpoint with other Web Push keys. */
  readonly target: PushTarget;
}

export interface RemovalRequest {
  readonly signed: boolean;
  /** In milliseconds since the epoch. */
  readonly now: number;
  readonly onRemoved?: ((device: PushTarget) => void) | undefined;
}

/**
 * Where registrations are kept. Many keys can point at one device (`isSameDevice`). Web Push keys belong to the registration that
 * brought them (contract 1.1). A registration that is read says whether another one has different keys for the same endpoint.
 * Every implementation passes `test/contracts/registration-store.test.ts`.
 */
export interface RegistrationStore {
  /** Whether the key may be registered. Never false for a key that is registered; it may be true for another key. Synchronous and cheap, because it is asked for every frame. */
  mayContain(tradePubkey: TradePubkey): boolean;
  /** The same for the key whose 64 hex digits, in either case, begin at byte `from` of a frame. False if no such digits are there. */
  mayContainAt(text: Uint8Array, from: number): boolean;
  /**
   * The lot of the device of {@link find} (`WakeShare.lotOf`), for the key whose 64 hex digits begin at byte `from` of a frame. Synchronous and
   * cheap. Only a store of a fleet has it.
   */
  lotAt?(text: Uint8Array, from: number): number | undefined;
  /** Whether there is no room for a new key, unless another registration is displaced. */
  isFull(): boolean;
  /**
   * Whether {@link put} would find room for the key at `now` (milliseconds). Synchronous and cheap, because it is asked before a token is
   * opened. It cannot tell that an endpoint is `crowded`.
   */
  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean;
  find(tradePubkey: TradePubkey): Promise<Registration | undefined>;
  /** The device of {@link find}, without the rest of the registration. Synchronous. */
  targetOf(tradePubkey: TradePubkey): PushTarget | undefined;
  /**
   * Keeps the registration in place of the key's former one, unless the former one is owned at `registration.registeredAt`.
   *
   * @param onDisplaced called with the device of the registration that was displaced
   * @throws StoreUnavailable, and then nothing has changed
   */
  put(registration: Registration, onDisplaced?: (device: PushTarget) => void): Promise<PutResult>;
  /** Starts the key's time to live again and marks the key woken, in one step. Does nothing if the key points at another device. */
  renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void>;
  /**
   * Removes the key's registration, unless it is owned at `now` (milliseconds) and the request is not signed.
   *
   * @param request.onRemoved called with the device of the registration that was removed
   * @returns whether a registration that had not expired was removed. An owned key takes as long as an unknown key
   * @throws StoreUnavailable, and then nothing has changed
   */
  remove(tradePubkey: TradePubkey, request: RemovalRequest): Promise<boolean>;
  /** Removes every registration that points at this device. @returns how many there were */
  evict(target: PushTarget): Promise<number>;
  /** Removes what had expired by `now` (milliseconds). @returns how many there were */
  sweep(now: number): Promise<number>;
  /** Corrects the times of all registrations that were made by a wrong clock. @returns how many there were */
  correct(correction: Correction): Promise<number>;
  counts(): RegistrationCounts;
  /** The facts about a device, whether it is registered or not. Synchronous. */
  device(target: PushTarget): KnownDevice;
  /** Some of the keys that point at the device, at most so many. Synchronous: it takes time with each key. */
  keysOf(target: PushTarget, atMost: number): readonly TradePubkey[];
  /** The registrations that ask for a wake policy, as {@link entries} gives them. Takes little time for the others. */
  asking(): Iterable<Registration>;
  /** The newest registration of the device. Synchronous: it takes time with each key that points at the device. */
  newest(target: PushTarget): Registration | undefined;
  /** Every registration that is there from the first step to the last, once. Registrations may change between two steps. */
  entries(): Iterable<Registration>;
}
