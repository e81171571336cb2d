import type { PushService } from '../../core/registry/push-target.ts';
import type { Registration } from '../../core/registry/registration.ts';

/** A registration that has come (`former` is absent), gone (`current` is), been replaced or renewed. */
export interface RegistrationChange {
  readonly former: Registration | undefined;
  readonly current: Registration | undefined;
}

/** Whoever follows the changes of some registrations, to keep them elsewhere too. */
export interface ChangeListener {
  /** Whether registrations of this push service are followed: what nobody follows is not read to be told of. */
  readonly follows: (service: PushService) => boolean;
  /** Told of every change, as it is made, of what is followed, becomes so, or has to make room for what is. */
  readonly onChange: (change: RegistrationChange) => void;
}
