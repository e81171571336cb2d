import type { PushTarget } from './push-target.ts';
import type { TradePubkey } from './trade-pubkey.ts';

/** Keys that point at one device. */
export interface KeysOfDevice {
  readonly target: PushTarget;
  readonly keys: readonly TradePubkey[];
}

/** Where keys point now that all pointed at one device before. A key that was unregistered is in neither field. */
export interface Whereabouts {
  /** The same device, as it is registered now. Absent if none of the keys still points at it. */
  readonly here: PushTarget | undefined;
  /** The keys that point at other devices now, grouped by device. */
  readonly elsewhere: readonly KeysOfDevice[];
}
