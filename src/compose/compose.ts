import type { FastifyInstance } from 'fastify';

import { EventAdmission } from '../core/intake/event-admission.ts';
import type { EventShare } from '../core/intake/event-share.ts';
import type { SeenEvents } from '../core/intake/seen-events.ts';
import type { EventVerifier } from '../core/nostr/event-verifier.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { WakePolicyName } from '../core/registry/registration.ts';
import type { TradePubkey } from '../core/registry/trade-pubkey.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import type { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import type { DevicePolicies } from '../core/waking/device-policies.ts';
import { InstancePubkeys } from '../core/registry/instance-pubkeys.ts';
import type { Waker } from '../core/waking/waker.ts';
import { createEventVerifier } from '../crypto/event-verifier.ts';
import { TestedCurve } from '../crypto/tested-curve.ts';
import { WayOut } from '../net/way-out.ts';
import type { AlarmWatch } from '../ops/alarm-watch.ts';
import type { Readiness } from '../ops/readiness.ts';
import type { FcmProvider } from '../push/fcm/fcm-provider.ts';
import { endpointGuard } from '../push/unifiedpush/endpoint-guard.ts';
import type { RelayPool } from '../relay/connection/relay-pool.ts';
import type { RegistrationChange } from '../store/tables/registration-change.ts';
import { composeCohorts, type ComposedCohorts } from './cohorts.ts';
import { composeApi } from './api.ts';
import { composeFleet, type ComposedFleet, type FleetParts } from './fleet.ts';
import { instanceTags, vapidIdentities } from './identity.ts';
import { composeLanes } from './lanes.ts';
import { composeOperations } from './operations.ts';
import type { ComposedStore } from './composed-store.ts';
import type { CompositionOptions, CompositionOverrides } from './options.ts';
import { createRegistrations, followRemote, registrationHooks } from './registrations.ts';
import { composeRelays } from './relays.ts';
import { composeStore } from './store.ts';
import { composeTime, type ProgramTime } from './time.ts';
import { composeWaking } from './waking.ts';

/** The parts of the program that start and stop, put together and not started. */
export interface Composition {
  readonly instances: InstancePubkeys;
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
  /** The other servers, if this one is not alone (`STORE=redis`). */
  readonly fleet: ComposedFleet | undefined;
  /** Wakes the cohorts whose bursts an earlier run has not ended. */
  readonly resumeCohorts: () => Promise<void>;
  /** Calls of `/api/notify` that wait for their tick. */
  readonly announcements: ChatAnnouncements;
  readonly relays: RelayPool;
  readonly api: FastifyInstance;
  readonly admin: FastifyInstance;
  readonly watch: AlarmWatch;
  readonly ready: () => Readiness;
}

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
  const instances = new InstancePubkeys(config.mostro.pubkeys, config.http.trustedInstancesOnly);

  const time = composeTime(overrides.clock, (by) => void registrations.correct(by).catch(onFault));
  const guard = endpointGuard(config.unifiedPush, overrides.dnsServers);
  const curve = new TestedCurve({ sources: options.curves, telemetry, onExhausted: onFault });
  const verifier = createEventVerifier(curve);
  const tags = instanceTags(options);
  const { vapid, previousVapid } = vapidIdentities(options);

  const onRemote = (change: RegistrationChange): void => followRemote(change, hooks);
  const store = composeStore(options, { instances, time, allowsEndpoint: guard.allows, onRemote });
  const { link, proofs, seen } = store;
  const parts = (): FleetParts => ({ registrations, waker, lanes, intake, cohorts, resumeCohorts });
  const isKept = (key: TradePubkey): boolean => store.registrations.mayContain(key);
  const fleet = link && composeFleet(options, { link, time, seen, verifier, isKept, onFault, parts });
  const owed = fleet?.owed ?? store.owed;
  const policyOf = (device: string): WakePolicyName => devices?.nameOf(device) ?? config.policies.server;
  const deals = fleet?.dealsCohorts ?? (() => true);
  const cohorts = cohortsOf(options, store, time, policyOf, deals);
  const hooks = registrationHooks(() => ({ cohorts, devices, fleet, lanes, waker }), onFault);
  const registrations = createRegistrations(options, store, time, hooks);

  const pauses = fleet?.pauses;
  const wayOut = new WayOut(config.outgoing, overrides.proxyTimeouts);
  const sending = { time, guard, wayOut, vapid, previousVapid, pauses, onFault };
  const push = composeLanes(options, overrides, sending);
  const { lanes } = push;
  const waking = { time, registrations, owed, cohorts, fleet, lanes, tags, authors: instances.all, onFault };
  const { waker, devices, resumeCohorts, ...calls } = composeWaking(options, waking);

  const share = fleet?.events;
  const admitting = { registrations, seen, verifier, waker, share, authors: instances.all, time, onFault };
  const intake = createIntake(options, admitting);
  const listening = { time, intake, instances, verifier, proofs, wayOut };
  const relays = composeRelays(options, overrides, listening);
  const signing = { verifier, used: store.used };
  const entered = { registrations, cohorts, calls, guard, signing };
  const served = { ...entered, instances, time, lanes, relays, curve, tags, vapid };
  const { api, proxyHeaders } = composeApi(options, overrides, served);
  const servers = fleet?.servers;
  const seenFrom = { push, registrations, store, servers, waker, ...calls };
  const observed = { ...seenFrom, relays, time, curve, proxyHeaders, wayOut };
  const { admin, ready, watch } = composeOperations(options, overrides, observed, onFault);
  const woken = { instances, store, registrations, devices, cohorts, fleet, resumeCohorts, curve, waker };
  return { ...push, ...woken, ...calls, relays, api, admin, watch, ready };
}

/** The cohorts of a store that keeps them. */
function cohortsOf(
  options: CompositionOptions,
  store: ComposedStore,
  { clock }: ProgramTime,
  policyOf: (device: string) => WakePolicyName,
  deals: () => boolean,
): ComposedCohorts | undefined {
  const { cohorts: record, registrations } = store;
  if (record === undefined) return undefined;
  return composeCohorts(options, { record, store: registrations, clock, policyOf, deals });
}

interface Admitting {
  readonly registrations: Registrations;
  readonly seen: SeenEvents;
  readonly verifier: EventVerifier;
  readonly waker: Waker;
  readonly share: EventShare | undefined;
  readonly authors: ReadonlySet<string>;
  readonly time: ProgramTime;
  readonly onFault: (fault: unknown) => void;
}

function createIntake({ telemetry }: CompositionOptions, admitting: Admitting): EventAdmission {
  const { authors, onFault, registrations, seen, share, time, verifier, waker } = admitting;
  return new EventAdmission({
    registrations,
    seen,
    verifier,
    waker,
    share,
    instancePubkeys: authors,
    clock: time.clock,
    monotonic: time.monotonic,
    mayExpire: time.mayExpire,
    telemetry,
    onFault,
  });
}
