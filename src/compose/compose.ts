import type { FastifyInstance } from 'fastify';

import type { Config } from '../config/config.ts';
import { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import type { Clock } from '../core/basics/clock.ts';
import type { CoalescerOptions } from '../core/waking/coalescer.ts';
import { EventAdmission } from '../core/intake/event-admission.ts';
import type { Redirect } from '../core/waking/key-wake.ts';
import { deviceOf } from '../core/registry/push-target.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import { RecentWakes } from '../core/waking/recent-wakes.ts';
import { Registrations, type RegistrationsParts } from '../core/registry/registrations.ts';
import type { Schedule } from '../core/basics/schedule.ts';
import type { TradePubkey } from '../core/registry/trade-pubkey.ts';
import { Waker } from '../core/waking/waker.ts';
import { composeApi } from './api.ts';
import { BUNDLED } from '../crypto/curve-sources.ts';
import type { CurveSource } from '../crypto/curve.ts';
import { createEventVerifier } from '../crypto/event-verifier.ts';
import { InstanceTags } from '../crypto/instance-tags.ts';
import type { ServerKey } from '../crypto/server-key.ts';
import { TestedCurve } from '../crypto/tested-curve.ts';
import { deriveVapidKey, vapidKey, type VapidKey } from '../crypto/vapid-key.ts';
import { composeLanes, type LaneSizes } from './lanes.ts';
import { composeOperations } from './operations.ts';
import { composeRelays } from './relays.ts';
import { composeTime, type ProgramTime } from './time.ts';
import { composeStore, type ComposedStore } from './store.ts';
import type { AlarmWatch } from '../ops/alarm-watch.ts';
import type { LossyLog } from '../ops/log-losses.ts';
import type { Metrics } from '../ops/metrics.ts';
import type { OpsTelemetry } from '../ops/telemetry.ts';
import type { FcmProvider } from '../push/fcm/fcm-provider.ts';
import type { ReadServiceAccount } from '../push/fcm/account-source.ts';
import type { ServiceAccount } from '../push/fcm/service-account.ts';
import { endpointGuard } from '../push/unifiedpush/endpoint-guard.ts';
import type { RelayPool } from '../relay/connection/relay-pool.ts';
import type { RelayTiming } from '../relay/connection/relay-timing.ts';

export interface CompositionParts {
  readonly version: string;
  readonly config: Config;
  readonly serverKey: ServerKey;
  /** `SERVER_PRIVATE_KEY_PREVIOUS`. */
  readonly previousKey?: ServerKey | undefined;
  readonly serviceAccount: ServiceAccount | undefined;
  /** Reads the service account's key file anew. */
  readonly readServiceAccount?: ReadServiceAccount | undefined;
  readonly telemetry: OpsTelemetry;
  readonly metrics: Metrics;
  /** The libraries for secp256k1, the fastest first; without them those of `npm ci`. */
  readonly curves?: readonly CurveSource[];
  /** `LOG_FILE`. */
  readonly logFile?: LossyLog | undefined;
  /** Standard output and standard error. */
  readonly logOutput?: LossyLog | undefined;
  readonly logErrorOutput?: LossyLog | undefined;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests. */
  readonly relayTiming?: RelayTiming;
  /** For tests: what a request may take, in milliseconds. */
  readonly requestTimeoutMs?: number;
  /** For tests: how often the log is told of alarms. */
  readonly alarmTickMs?: number;
  /** For tests: so that a lane is full with fewer. */
  readonly laneSizes?: Partial<LaneSizes>;
  /** For tests: the name servers that are asked for push servers. */
  readonly dnsServers?: readonly string[];
}

/** The parts of the running program, put together and not started. */
export interface Composition {
  readonly store: ComposedStore;
  readonly registrations: Registrations;
  readonly fcm: FcmProvider | undefined;
  readonly waker: Waker;
  /** Calls of `/api/notify` that wait for their tick. */
  readonly announcements: ChatAnnouncements;
  readonly lanes: PushLanes;
  /** Loads the code of the push services' clients. */
  readonly load: () => Promise<void>;
  readonly relays: RelayPool;
  readonly api: FastifyInstance;
  readonly admin: FastifyInstance;
  readonly watch: AlarmWatch;
  readonly curve: TestedCurve;
}

/** Events are gathered by seconds: here a sleep of the machine makes no difference. */
const passing: Clock = () => performance.now();

const schedule: Schedule = (ms, callback) => {
  // A timer counts whole milliseconds from the last whole one: without this it would come up to two milliseconds too soon.
  const timer = setTimeout(callback, Math.ceil(ms) + 1);
  return () => clearTimeout(timer);
};

/**
 * The composition root: who implements which port of `core/`.
 *
 * @param onFault told of a failure that the program cannot go on with
 */
export function compose(parts: CompositionParts, onFault: (fault: unknown) => void): Composition {
  const { config, telemetry } = parts;
  const time = composeTime(parts, (correction) => void registrations.correct(correction).catch(onFault));
  const guard = endpointGuard(config.unifiedPush.allowPrivateEndpoints, parts.dnsServers);
  const store = composeStore(parts, { time, allowsEndpoint: guard.allows });
  const { owed, seen } = store;
  const registrations = createRegistrations(parts, store, time, {
    onMoved: (...moved) => void waker.keyMoved(...moved).catch(onFault),
    onRegister: (device) => lanes.clearSuspect(device, deviceOf(device)),
  });
  const curve = new TestedCurve({ sources: parts.curves ?? BUNDLED, telemetry, onExhausted: onFault });
  const verifier = createEventVerifier(curve);
  const vapid = { ...vapidKeyOf(parts), subject: config.vapid.subject };
  const redirect: Redirect = (wake, from) => waker.redirect(wake, from);
  const shared = { time, schedule, guard, vapid, registrations, owed, onFault, redirect };
  const composed = composeLanes(parts, shared);
  const { fcm, lanes, load } = composed;
  const authors = new Set(config.mostro.pubkeys);
  const coalescing = { ...config.wakes, schedule, monotonic: passing, ...coalescingReport(telemetry) };
  const recent = new RecentWakes(lanes, passing);
  const tags = instanceTags(parts);
  const instances = { authors, isInstance: tags.isOf.bind(tags) };
  const waker = new Waker({ ...coalescing, registrations, owed, lanes: recent, instances });
  const announce = (key: TradePubkey): Promise<void> => waker.announceChat(key);
  const announcements = new ChatAnnouncements({ schedule, announce, onFault, telemetry });
  const admitting = { ...time, registrations, seen, verifier, onFault };
  const intake = new EventAdmission({ ...admitting, waker, authors, telemetry });
  const relays = composeRelays(parts, time, intake, verifier, store.proofs);
  const served = { registrations, relays, announcements, curve, verifier, tags, guard, vapid, recent, time };
  const api = composeApi(parts, served);
  const own = { curve, store, registrations, fcm, waker, announcements, lanes, load, relays, api };
  const observed = { ...composed, ...own, seen, time, onFault };
  return { ...own, ...composeOperations(parts, observed) };
}

/** Counts the wakes that are held back, and those that wait for the next hour. */
function coalescingReport(
  telemetry: OpsTelemetry,
): Pick<CoalescerOptions, 'onHeld' | 'onRationed' | 'onUncounted'> {
  return {
    onHeld: ({ keys, target }) => {
      telemetry.count('wakes_held', { provider: target.type });
      telemetry.trace(keys, 'wake held back');
    },
    onRationed: ({ keys }, track) => {
      telemetry.count('wakes_rationed', { cause: track });
      telemetry.trace(keys, 'wake waits for room in its hour');
    },
    onUncounted: () => telemetry.count('wakes_uncounted'),
  };
}

function createRegistrations(
  { config, telemetry }: CompositionParts,
  store: ComposedStore,
  { clock, mayExpire, monotonic }: ProgramTime,
  listeners: Pick<RegistrationsParts, 'onMoved' | 'onRegister'>,
): Registrations {
  const { lifetime } = config.registrations;
  const ownership = config.http.registrationAuth !== 'off';
  return new Registrations({
    store: store.registrations,
    lifetime,
    clock,
    monotonic,
    mayExpire,
    telemetry,
    ownership,
    ...listeners,
  });
}

function instanceTags({ previousKey, serverKey }: CompositionParts): InstanceTags {
  const keys = [serverKey, previousKey].filter((key) => key !== undefined);
  return new InstanceTags(keys.map(({ privateKey }) => privateKey.reveal()));
}

function vapidKeyOf({ config, serverKey }: CompositionParts): VapidKey {
  const { privateKey } = config.vapid;
  return privateKey === undefined
    ? deriveVapidKey(serverKey.privateKey.reveal())
    : vapidKey(privateKey.reveal());
}
