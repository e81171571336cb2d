import type { OwedWake } from '../../core/waking/owed-devices.ts';
import type { PushTarget } from '../../core/registry/push-target.ts';
import type { Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';

/** One change of what a store holds. Read from the first to the last, they make the store. Times are milliseconds. */
export type StoreRecord =
  | { readonly type: 'registered'; readonly registration: Registration }
  | { readonly type: 'removed'; readonly tradePubkey: TradePubkey }
  /** An event was dealt with. @see EventIdRing for what is kept of an id */
  | { readonly type: 'seen'; readonly id: string; readonly at: number }
  | { readonly type: 'owed'; readonly wake: OwedWake }
  /** The device is owed nothing any more. */
  | { readonly type: 'paid'; readonly target: PushTarget }
  /** The relay's events of this kind had come to us without a gap until then. */
  | { readonly type: 'alive'; readonly relay: string; readonly kind: number; readonly at: number }
  /** Everything that the store held has been written anew: what comes after it came later. */
  | { readonly type: 'rewritten' };
