import type { WakeKind } from './delivery.ts';
import type { PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';

/**
 * Whose turn it is where wakes must wait: `live`, for an event of now, before `recovered`, for one that was caught up on
 * (contract 2) and for a chat message, which anyone can announce (contract 5: it never delays a relay wake).
 */
export type WakePriority = 'live' | 'recovered';

/** That a device is to be woken. */
export interface WakeRequest {
  readonly target: PushTarget;
  /** `deviceOf(target)`, made once: all on its way look something up by it. */
  readonly device: string;
  readonly kind: WakeKind;
  /** The keys that it is for: their time to live starts again when it is delivered. */
  readonly keys: readonly TradePubkey[];
  readonly priority: WakePriority;
  /** Whether a vouched event is among those that it answers (contract 5); absent where none is. */
  readonly isVouched?: boolean;
  /** Whether it was held for a while, so that the device may have been unregistered meanwhile. */
  readonly wasHeld?: boolean;
  /** When the first event arrived that it answers, in milliseconds; absent where it answers none. */
  readonly since?: number;
}

/**
 * How a request ended: `sent`: the push service took it, or called the device gone; `owed`: it was given up for now, and the lane
 * remembers that the device has one to get; `dropped`: nothing remembers it.
 */
export type WakeEnd = 'sent' | 'owed' | 'dropped';

const BEST_FIRST: readonly WakeEnd[] = ['sent', 'owed', 'dropped'];

/** How several wakes have ended that answer one event between them: as the one that ended worst. */
export function worstEnd(ends: readonly WakeEnd[]): WakeEnd {
  const worst = Math.max(0, ...ends.map((end) => BEST_FIRST.indexOf(end)));
  return BEST_FIRST[worst] ?? 'dropped';
}
