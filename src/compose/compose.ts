import type { FastifyInstance } from 'fastify';

import type { Clock, Schedule } from '../core/basics/clock.ts';
import { EventAdmission } from '../core/intake/event-admission.ts';
import type { SeenEvents } from '../core/intake/seen-events.ts';
import type { EventVerifier } from '../core/nostr/event-verifier.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { WakePolicyName } from '../core/registry/registration.ts';
import { deviceOf, isSameDevice } from '../core/registry/push-target.ts';
import { Registrations, type RegistrationsOptions } from '../core/registry/registrations.ts';
import type { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import type { DevicePolicies } from '../core/waking/device-policies.ts';
import type { Waker } from '../core/waking/waker.ts';
import { createEventVerifier } from '../crypto/event-verifier.ts';
import { InstanceTags } from '../crypto/instance-tags.ts';
import { TestedCurve } from '../crypto/tested-curve.ts';
import { deriveVapidKey, vapidKey } from '../crypto/vapid-key.ts';
import { ProxyHeaders } from '../http/proxy-headers.ts';
import type { AlarmWatch } from '../ops/alarm-watch.ts';
import type { Readiness } from '../ops/readiness.ts';
import type { FcmProvider } from '../push/fcm/fcm-provider.ts';
import { endpointGuard } from '../push/unifiedpush/endpoint-guard.ts';
import type { VapidIdentity } from '../push/unifiedpush/vapid-tokens.ts';
import type { RelayPool } from '../relay/connection/relay-pool.ts';
import type { RegistrationChange } from '../store/tables/memory-registrations.ts';
import { composeCohorts, type ComposedCohorts } from './cohorts.ts';
import { composeApi } from './api.ts';
import { composeLanes } from './lanes.ts';
import { composeOperations } from './operations.ts';
import type { CompositionOptions, CompositionOverrides } from './options.ts';
import { composeRelays } from './relays.ts';
import type { ComposedStore } from './composed-store.ts';
import { composeStore } from './store.ts';
import { composeTime, type ProgramTime } from './time.ts';
import { composeWaking } from './waking.ts';

/** The parts of the program that start and stop, put together and not started. */
export interface Composition {
  readonly store: ComposedStore;
  readonly registrations: Registrations;
  readonly curve: TestedCurve;
  readonly fcm: FcmProvider | undefined;
  readonly lanes: PushLanes;
  /** Loads the code of the push services' clients. */
  readonly load: () => Promise<void>;
  readonly waker: Waker;
  /** The wake policies of devices, if they can differ. */
  readonly devices: DevicePolicies | undefined;
  /** The cohorts, if the store keeps them. */
  readonly cohorts: ComposedCohorts | undefined;
  /** Wakes the cohorts whose bursts an earlier run has not ended. */
  readonly resumeCohorts: () => void;
  /** Calls of `/api/notify` that wait for their tick. */
  readonly announcements: ChatAnnouncements;
  readonly relays: RelayPool;
  readonly api: FastifyInstance;
  readonly admin: FastifyInstance;
  readonly watch: AlarmWatch;
  readonly ready: () => Readiness;
}

/** For waits of seconds: this clock may stand still while the machine sleeps. */
const passing: Clock = () => performance.now();

const schedule: Schedule = (ms, callback) => {
  // A timer counts whole milliseconds from the last whole one. Without the addition it would fire up to two milliseconds too soon.
  const timer = setTimeout(callback, Math.ceil(ms) + 1);
  return () => clearTimeout(timer);
};

/**
 * The composition root: chooses the implementation of each port of `core/`, and puts the program together from the store to the
 * relays. Three parts call one that is made after them (the clock, the registrations and the lanes): each by a closure, because
 * nothing is called before the start.
 *
 * @param onFault told of a failure that the program cannot go on with
 */
export function compose(
  options: CompositionOptions,
  overrides: CompositionOverrides,
  onFault: (fault: unknown) => void,
): Composition {
  const { config, telemetry } = options;
  const authors = new Set(config.mostro.pubkeys);

  const time = composeTime(overrides.clock, (by) => void registrations.correct(by).catch(onFault));
  const guard = endpointGuard(config.unifiedPush, overrides.dnsServers);
  const curve = new TestedCurve({ sources: options.curves, telemetry, onExhausted: onFault });
  const verifier = createEventVerifier(curve);
  const tags = instanceTags(options);
  const { vapid, previousVapid } = vapidIdentities(options);

  const onRemote = (change: RegistrationChange): void => follow(change, { devices, lanes, waker }, onFault);
  const store = composeStore(options, { time, allowsEndpoint: guard.allows, onRemote });
  const { owed, proofs, used } = store;
  const policyOf = (device: string): WakePolicyName => devices?.nameOf(device) ?? config.policies.server;
  const cohorts = cohortsOf(options, store, time, policyOf);
  const hooks = registrationHooks(() => ({ cohorts, devices, lanes, waker }), onFault);
  const registrations = createRegistrations(options, store, time, hooks);

  const sending = { time, passing, schedule, guard, vapid, previousVapid, onFault };
  const push = composeLanes(options, overrides, sending);
  const { lanes } = push;
  const waking = { time, passing, schedule, registrations, owed, cohorts, lanes, tags, authors, onFault };
  const { waker, devices, ...calls } = composeWaking(options, waking);

  const admitting = { registrations, seen: store.seen, verifier, waker, authors, time, onFault };
  const intake = createIntake(options, admitting);
  const relays = composeRelays(options, overrides, { time, intake, verifier, proofs });
  const proxyHeaders = new ProxyHeaders(config.http.addressSource, time.monotonic, telemetry);
  const entered = { registrations, cohorts, calls, guard, proxyHeaders, signing: { verifier, used } };
  const served = { ...entered, time, lanes, relays, curve, tags, vapid };
  const api = composeApi(options, overrides, served);
  const observed = { push, registrations, store, waker, ...calls, relays, time, curve, proxyHeaders };
  const { admin, ready, watch } = composeOperations(options, overrides, observed, onFault);
  return {
    ...push,
    store,
    devices,
    cohorts,
    registrations,
    curve,
    waker,
    ...calls,
    relays,
    api,
    admin,
    watch,
    ready,
  };
}

/** What else changes when a registration does. @param parts are made after the registrations */
function registrationHooks(
  parts: () => Pick<Composition, 'cohorts' | 'devices' | 'lanes' | 'waker'>,
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
      const { cohorts, devices } = parts();
      devices?.prune().catch(onFault);
      cohorts?.book.sweep().catch(onFault);
    },
    onMoved: (key, from, to) => void parts().waker.keyMoved(key, from, to).catch(onFault),
  };
}

/** What follows here from what another server of the fleet has done to a registration. */
function follow(
  { current, former }: RegistrationChange,
  { devices, lanes, waker }: Pick<Composition, 'devices' | 'lanes' | 'waker'>,
  onFault: (fault: unknown) => void,
): void {
  if (current === undefined) return;
  const isSame = former !== undefined && isSameDevice(former.target, current.target);
  // It was renewed, because a wake was delivered.
  if (isSame && former.registeredAt === current.registeredAt) return;
  lanes.clearSuspect(current.target, deviceOf(current.target));
  devices?.choose(current);
  if (former !== undefined && !isSame)
    waker.keyMoved(current.tradePubkey, former.target, current.target).catch(onFault);
}

/** The cohorts of a store that keeps them. */
function cohortsOf(
  options: CompositionOptions,
  store: ComposedStore,
  { clock }: ProgramTime,
  policyOf: (device: string) => WakePolicyName,
): ComposedCohorts | undefined {
  const { cohorts: record, registrations } = store;
  if (record === undefined) return undefined;
  return composeCohorts(options, { record, store: registrations, clock, policyOf });
}

interface Admitting {
  readonly registrations: Registrations;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  readonly waker: Waker;
  readonly authors: ReadonlySet<string>;
  readonly time: ProgramTime;
  readonly onFault: (fault: unknown) => void;
}

function createIntake({ telemetry }: CompositionOptions, admitting: Admitting): EventAdmission {
  const { authors, onFault, registrations, seen, time, verifier, waker } = admitting;
  return new EventAdmission({
    registrations,
    seen,
    verifier,
    waker,
    instancePubkeys: authors,
    clock: time.clock,
    monotonic: time.monotonic,
    mayExpire: time.mayExpire,
    telemetry,
    onFault,
  });
}

function instanceTags({ previousKey, serverKey }: CompositionOptions): InstanceTags {
  const keys = previousKey === undefined ? [serverKey] : [serverKey, previousKey];
  return new InstanceTags(keys.map(({ privateKey }) => privateKey.reveal()));
}

/** Who signs Web Push requests: the present identity, and the one that subscriptions before a change of the server's key are bound to. */
function vapidIdentities({ config, previousKey, serverKey }: CompositionOptions): {
  readonly vapid: VapidIdentity;
  readonly previousVapid: VapidIdentity | undefined;
} {
  const { subject, privateKey: configured } = config.vapid;
  const { privateKey, publicKey } =
    configured === undefined ? deriveVapidKey(serverKey.privateKey.reveal()) : vapidKey(configured.reveal());
  // Where VAPID_PRIVATE_KEY keeps the former key, apps may have subscribed by the server's present key before it was set.
  const former = previousKey === undefined ? [] : [previousKey, serverKey];
  const derived = former.map((key) => deriveVapidKey(key.privateKey.reveal()));
  const previous = derived.find((key) => key.publicKey !== publicKey);
  return {
    vapid: { privateKey, publicKey, subject },
    previousVapid: previous && { privateKey: previous.privateKey, publicKey: previous.publicKey, subject },
  };
}

type RegistrationHooks = Pick<
  RegistrationsOptions,
  'onKept' | 'onMoved' | 'onRegister' | 'onRemoved' | 'onSwept'
>;

function createRegistrations(
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
