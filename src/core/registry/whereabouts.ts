import type { PushTarget } from './push-target.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/** Keys that point at one device. */
export interface KeysOfDevice {
  readonly target: PushTarget;
  readonly keys: readonly TradePubkey[];
}

/** Where the keys of a wake point by now. A key that is registered no longer is in neither field. */
export interface Whereabouts {
  /** The device of the wake as it is registered by now, which may be with newer Web Push keys; absent if no key points at it. */
  readonly here: PushTarget | undefined;
  /** The keys that have been registered with other devices since, grouped by device. */
  readonly elsewhere: readonly KeysOfDevice[];
}

/** What a lane asks of the registrations, and what follows there from a delivery. */
export interface WakeConsequences {
  /** The time to live of these keys starts again, as far as they still point at the device. */
  renew(target: PushTarget, keys: Iterable<TradePubkey>): Promise<void>;
  /** The device is gone for good. */
  forget(target: PushTarget): Promise<void>;
  /** Where these keys point by now. The wake was made when all of them pointed at the target. */
  whereabouts(target: PushTarget, keys: Iterable<TradePubkey>): Promise<Whereabouts>;
}
