import type { PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { WakeKind } from '../lanes/delivery.ts';

/** A device that is owed a wake, and for which keys. */
export interface OwedWake {
  readonly target: PushTarget;
  readonly kind: WakeKind;
  readonly keys: readonly TradePubkey[];
}

/** Remembers, over a restart, which devices are owed a wake: the events that it answers are committed, so no relay is asked for them again. */
export interface OwedDevices {
  owe(wake: OwedWake): void;
  /** The device is owed nothing any more. */
  pay(target: PushTarget): void;
  /** What the device is owed, if anything. */
  find(target: PushTarget): OwedWake | undefined;
}
