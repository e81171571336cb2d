import type { PushTarget } from './push-target.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/** Keys that point at one device. */
export interface KeysOfDevice {
  readonly target: PushTarget;
  readonly keys: readonly TradePubkey[];
}

/** Where some keys point that all pointed at one device before. A key that is registered no longer is in neither field. */
export interface Whereabouts {
  /** That device as it is registered by now, which may be with newer Web Push keys; absent if none of the keys points at it. */
  readonly here: PushTarget | undefined;
  /** The keys that have been registered with other devices since, grouped by device. */
  readonly elsewhere: readonly KeysOfDevice[];
}
