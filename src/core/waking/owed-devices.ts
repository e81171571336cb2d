import type { PushTarget } from '../registry/push-target.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';
import type { WakeKind } from '../lanes/delivery.ts';

/** A device that is owed a wake, and the trade keys that the wake is for. */
export interface OwedWake {
  readonly target: PushTarget;
  readonly kind: WakeKind;
  readonly keys: readonly TradePubkey[];
}

/** Keeps over a restart which devices are owed a wake. The events that an owed wake answers count as seen, so no relay is asked for them again. */
export interface OwedDevices {
  owe(wake: OwedWake): void;
  /** The device is owed nothing any more. */
  pay(target: PushTarget): void;
  /** The wake that the device is owed, if any. */
  find(target: PushTarget): OwedWake | undefined;
}
