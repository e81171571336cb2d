import type { CohortChange } from '../../core/cohorts/cohort-change.ts';
import type { OwedWake } from '../../core/waking/owed-devices.ts';
import type { PushTarget } from '../../core/registry/push-target.ts';
import type { Registration } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';

/** One change of a store's contents. All records of a file, applied from the first to the last, make the contents. Times are milliseconds. */
export type StoreRecord =
  | { readonly type: 'registered'; readonly registration: Registration }
  | { readonly type: 'removed'; readonly tradePubkey: TradePubkey }
  /** An event was handled. `id` is the first half of its id (`EventIdRing`). */
  | { readonly type: 'seen'; readonly id: string; readonly at: number }
  | { readonly type: 'owed'; readonly wake: OwedWake }
  /** The device is owed no wake any more. */
  | { readonly type: 'paid'; readonly target: PushTarget }
  /** Until then, the relay's events of this kind had come without a gap. */
  | { readonly type: 'alive'; readonly relay: string; readonly kind: number; readonly at: number }
  | { readonly type: 'cohort'; readonly change: CohortChange }
  /** The records before this one are the whole contents at the time of a rewrite. The records behind it are later changes. */
  | { readonly type: 'rewritten' };

/** The record that makes the disk say that a key has this registration, or none. */
export function recordOf(tradePubkey: TradePubkey, registration: Registration | undefined): StoreRecord {
  return registration === undefined ? { type: 'removed', tradePubkey } : { type: 'registered', registration };
}
