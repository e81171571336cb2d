import type { Correction } from '../basics/trusted-clock.ts';
import type { PushTarget } from './push-target.ts';
import type { Lifetime, Registration, RegistrationCounts } from './registration.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/**
 * - `displaced`: kept, and another registration gave way (contract 1.1);
 * - `full`: there was no room and nothing changed;
 * - `crowded`: the endpoint has as many sets of Web Push keys as one may have, this is a further one, and nothing changed;
 * - `owned`: the key is owned and the new registration is not signed, so nothing changed (contract 1.3). Only where a new
 *   key would have been taken; where it would not, the answer is that of a new key, and neither comes sooner than `stored` would:
 *   nobody is told which keys are owned.
 */
export type PutResult = 'stored' | 'displaced' | 'full' | 'crowded' | 'owned';

/** A registration that is asked for, before it is known what device it is for. */
export interface AdmissionRequest {
  readonly signed: boolean;
  /** {@link Registration.network} */
  readonly network?: number | undefined;
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Where registrations are kept. A device is one, however many keys point at it (`isSameDevice`). Web Push keys belong to the
 * registration that brought them (contract 1.1), and are read with whether another one has brought other keys for the same
 * endpoint. Every implementation passes the contracts of `test/contracts/registration-store.test.ts`.
 */
export interface RegistrationStore {
  /** Synchronous, for the path of a frame. May say yes for a key that is not held; never no for one that is. */
  mayContain(tradePubkey: TradePubkey): boolean;
  /** The same for a key that stands in a text, from a place on, as 64 hex digits of any case; what stands there may be no key. */
  mayContainAt(text: Uint8Array, from: number): boolean;
  /** Whether a new key would find no room, or only in another's place. */
  isFull(): boolean;
  /**
   * Synchronous and cheap, before a token is opened: whether {@link put} would find room for the key at `now` (milliseconds), the
   * sets of keys of its endpoint aside.
   */
  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean;
  find(tradePubkey: TradePubkey): Promise<Registration | undefined>;
  /** Keeps the registration in place of the key's former one, unless that is owned at `registration.registeredAt`. @throws StoreUnavailable, and then nothing has changed */
  put(registration: Registration): Promise<PutResult>;
  /** Starts the key's time to live again and marks it woken, in one step, if it still points at this device. */
  renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void>;
  /**
   * Removes the key's registration, unless that is owned at `now` (milliseconds) and the request is not signed.
   *
   * @returns whether it was there, not expired, and has been removed. No sooner or later where it is owned than where it is unknown
   * @throws StoreUnavailable, and then nothing has changed
   */
  remove(tradePubkey: TradePubkey, request: { signed: boolean; now: number }): Promise<boolean>;
  /** Removes every registration that points at this device. @returns how many there were */
  evict(target: PushTarget): Promise<number>;
  /** Removes what had expired by `now` (milliseconds). @returns how many there were */
  sweep(now: number): Promise<number>;
  /** Moves the times of all registrations that were made by a wrong clock, which has been set right. @returns how many there were */
  correct(correction: Correction): Promise<number>;
  counts(): RegistrationCounts;
}
