import type { PushTarget } from './push-target.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/** What follows from a delivery, outside of the lane. */
export interface WakeConsequences {
  /** The time to live of these keys starts again, as far as they still point at the device. */
  renew(target: PushTarget, keys: Iterable<TradePubkey>): Promise<void>;
  /** The device is gone for good. */
  forget(target: PushTarget): Promise<void>;
  /** The device as it is registered by now, which may be with newer Web Push keys, if any of these keys still points at it. */
  registered(target: PushTarget, keys: Iterable<TradePubkey>): Promise<PushTarget | undefined>;
}
