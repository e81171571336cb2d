import type { ComposedCohorts } from './cohorts.ts';
import type { ComposedStore } from './composed-store.ts';
import type { ComposedFleet } from './fleet.ts';
import type { CompositionOptions } from './options.ts';
import type { ProgramTime } from './time.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import { deviceOf, isSameDevice } from '../core/registry/push-target.ts';
import { Registrations, type RegistrationsOptions } from '../core/registry/registrations.ts';
import type { DevicePolicies } from '../core/waking/device-policies.ts';
import type { Waker } from '../core/waking/waker.ts';
import type { RegistrationChange } from '../store/tables/registration-change.ts';

/** The parts that follow a change of a registration. */
interface RegistrationFollowers {
  readonly cohorts: ComposedCohorts | undefined;
  readonly devices: DevicePolicies | undefined;
  readonly fleet: Pick<ComposedFleet, 'sweep'> | undefined;
  readonly lanes: PushLanes;
  readonly waker: Waker;
}

type RegistrationHooks = Pick<
  RegistrationsOptions,
  'onKept' | 'onMoved' | 'onRegister' | 'onRemoved' | 'onSwept'
>;

export function createRegistrations(
  { config, telemetry }: CompositionOptions,
  store: ComposedStore,
  { clock, mayExpire, monotonic }: ProgramTime,
  { onKept, onMoved, onRegister, onRemoved, onSwept }: RegistrationHooks,
): Registrations {
  return new Registrations({
    store: store.registrations,
    lifetime: config.registrations.lifetime,
    ownership: config.http.registrationAuth !== 'off',
    clock,
    monotonic,
    mayExpire,
    telemetry,
    onRegister,
    onKept,
    onRemoved,
    onMoved,
    onSwept,
  });
}

/** What else changes when a registration does. @param parts are made after the registrations */
export function registrationHooks(
  parts: () => RegistrationFollowers,
  onFault: (fault: unknown) => void,
): RegistrationHooks {
  return {
    onRegister: (device) => parts().lanes.clearSuspect(device, deviceOf(device)),
    onKept: (registration, former) => {
      const { cohorts, devices } = parts();
      // First the cohort: a wake that the choice brings forward is for all of its members.
      cohorts?.enter(registration, former);
      devices?.choose(registration);
    },
    onRemoved: (device) => parts().cohorts?.leave(device),
    onSwept: () => {
      const { cohorts, devices, fleet } = parts();
      devices?.prune().catch(onFault);
      cohorts?.sweep().catch(onFault);
      fleet?.sweep();
    },
    onMoved: (key, from, to) => void parts().waker.keyMoved(key, from, to).catch(onFault),
  };
}

/** Another server of the fleet has changed a registration: what follows from it here. */
export function followRemote({ current, former }: RegistrationChange, hooks: RegistrationHooks): void {
  if (current === undefined) {
    if (former !== undefined) hooks.onRemoved?.(former.target);
    return;
  }
  // A wake was delivered, and the registration lives for longer.
  if (former?.registeredAt === current.registeredAt) return;
  const from =
    former !== undefined && !isSameDevice(former.target, current.target) ? former.target : undefined;
  hooks.onRegister?.(current.target);
  hooks.onKept?.(current, from);
  if (from !== undefined) hooks.onMoved?.(current.tradePubkey, from, current.target);
}
