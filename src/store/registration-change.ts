import type { Registration } from '../core/registration.ts';

/** A registration that has come (`former` is absent), gone (`current` is), been replaced or renewed. */
export interface RegistrationChange {
  readonly former: Registration | undefined;
  readonly current: Registration | undefined;
}
