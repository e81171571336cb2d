import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import type { PushService } from '../../core/registry/push-target.ts';
import type { Registration } from '../../core/registry/registration.ts';

/** One change of one key. `former` is absent where the key is new, `current` where it was removed; both are there where it was replaced or renewed. */
export interface RegistrationChange {
  readonly former: Registration | undefined;
  readonly current: Registration | undefined;
}

/** Gets every change, so that the journal can keep it on the disk too. */
export interface RegistrationObserver {
  /** Whether it wants the changes of this push service. Registrations of any other service are not decoded for it. */
  readonly observes: (service: PushService) => boolean;
  /**
   * Called at each change where the former or the current registration is observed, and where a registration is displaced by an
   * observed one. `put`, `renew` and `remove` make their changes, and call this, before they return their promise.
   */
  readonly onChange: (change: RegistrationChange) => void;
}

/** The key whose registration has changed. */
export function keyOf({ current, former }: RegistrationChange): TradePubkey | undefined {
  return (current ?? former)?.tradePubkey;
}
