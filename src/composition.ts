import type { FastifyInstance } from 'fastify';

import type { Config } from './config/config.ts';
import type { Clock } from './core/clock.ts';
import { EventAdmission } from './core/event-admission.ts';
import type { EventSink, PushProvider } from './core/ports.ts';
import { PushLanes } from './core/push-lanes.ts';
import { PushQueue } from './core/push-queue.ts';
import type { EndpointPolicy, PushTarget } from './core/push-target.ts';
import { Registrations } from './core/registrations.ts';
import type { Telemetry } from './core/telemetry.ts';
import { Waker } from './core/waker.ts';
import { eventVerifier } from './crypto/event-verifier.ts';
import { openToken, SEALED_TOKEN_BYTES } from './crypto/sealed-token.ts';
import type { ServerKey } from './crypto/server-key.ts';
import { composeRelays } from './compose-relays.ts';
import { createApiServer } from './http/api-server.ts';
import { createAdminServer } from './ops/admin-server.ts';
import type { Metrics } from './ops/metrics.ts';
import { FcmProvider } from './push/fcm/fcm-provider.ts';
import type { ServiceAccount } from './push/fcm/service-account.ts';
import { endpointGuard } from './push/unifiedpush/endpoint-guard.ts';
import { UnifiedPushProvider } from './push/unifiedpush/unifiedpush-provider.ts';
import type { RelayPool } from './relay/relay-pool.ts';
import type { RelayTiming } from './relay/relay-timing.ts';
import { MemoryRegistrations } from './store/memory-registrations.ts';
import { MemorySeenEvents } from './store/memory-seen-events.ts';

/** As many streams as Google's HTTP/2 servers allow on one session. */
const FCM_CONCURRENCY = 100;
/** Enough for hundreds of wakes a second to push servers that answer in 100 ms, and few enough sockets for any machine. */
const UNIFIEDPUSH_CONCURRENCY = 64;
/** Wakes that wait in a lane: at 4000 a second to FCM, less than half a minute's work and some 20 MB. */
const LANE_CAPACITY = 100_000;

export interface CompositionParts {
  readonly version: string;
  readonly config: Config;
  readonly serverKey: ServerKey;
  readonly serviceAccount: ServiceAccount | undefined;
  readonly telemetry: Telemetry;
  readonly metrics: Metrics;
  /** For tests. */
  readonly clock?: Clock;
  /** For tests. */
  readonly relayTiming?: RelayTiming;
}

/** The parts of the running program, put together and not started. */
export interface Composition {
  readonly registrations: Registrations;
  readonly fcm: FcmProvider | undefined;
  readonly lanes: PushLanes;
  readonly relays: RelayPool;
  readonly api: FastifyInstance;
  readonly admin: FastifyInstance;
}

/**
 * The composition root: who implements which port of `core/ports.ts`.
 *
 * @param onFault told of a failure that the program cannot go on with
 */
export function compose(parts: CompositionParts, onFault: (fault: unknown) => void): Composition {
  const { config, telemetry, clock = Date.now } = parts;
  const { capacity, lifetime } = config.registrations;
  const store = new MemoryRegistrations({ capacity });
  const registrations = new Registrations({ store, lifetime, clock, telemetry });
  const guard = endpointGuard(config.unifiedPush.allowPrivateEndpoints);
  const fcm = createFcm(parts, clock);
  const unifiedPush = config.unifiedPush.enabled
    ? new UnifiedPushProvider({ guard, clock, telemetry })
    : undefined;
  const lanes = new PushLanes(
    [
      fcm && lane(fcm, FCM_CONCURRENCY, telemetry),
      unifiedPush && lane(unifiedPush, UNIFIEDPUSH_CONCURRENCY, telemetry),
    ].filter((one) => one !== undefined),
    telemetry,
  );
  const onDisplaced = (): void => telemetry.count('seen_events_displaced');
  const seen = new MemorySeenEvents({ clock, onDisplaced });
  const sink = createSink(parts, clock, { registrations, seen, lanes, onFault });
  const relays = composeRelays(parts, clock, sink);
  const api = createApi(parts, { registrations, relays, allowsEndpoint: guard.allows });
  const admin = createAdmin(parts, { registrations, seen, lanes, relays });
  return { registrations, fcm, lanes, relays, api, admin };
}

function createSink(
  { config, telemetry }: CompositionParts,
  clock: Clock,
  {
    registrations,
    seen,
    lanes,
    onFault,
  }: Pick<Composition, 'registrations' | 'lanes'> & {
    seen: MemorySeenEvents;
    onFault: (fault: unknown) => void;
  },
): EventSink {
  const waker = new Waker({
    registrations,
    push: (target, wake, priority) => lanes.push(target, wake, priority),
    clock,
    telemetry,
  });
  return new EventAdmission({
    registrations,
    seen,
    verifier: eventVerifier,
    waker,
    authors: new Set(config.mostro.pubkeys),
    clock,
    telemetry,
    onFault,
  });
}

function createFcm(
  { config, serviceAccount, telemetry }: CompositionParts,
  clock: Clock,
): FcmProvider | undefined {
  if (!config.fcm.enabled || serviceAccount === undefined) return undefined;
  const { baseUrl, payloadMode } = config.fcm;
  return new FcmProvider({ account: serviceAccount, baseUrl, payloadMode, clock, telemetry });
}

function lane<Target extends PushTarget>(
  provider: PushProvider<Target>,
  concurrency: number,
  telemetry: Telemetry,
): PushQueue<Target> {
  return new PushQueue({ provider, concurrency, capacity: LANE_CAPACITY, telemetry });
}

function createApi(
  parts: CompositionParts,
  {
    registrations,
    relays,
    allowsEndpoint,
  }: { registrations: Registrations; relays: RelayPool; allowsEndpoint: EndpointPolicy },
): FastifyInstance {
  const { config, serverKey, telemetry, version } = parts;
  const enabled = new Set<PushTarget['type']>();
  if (config.fcm.enabled) enabled.add('fcm');
  if (config.unifiedPush.enabled) enabled.add('unifiedpush');
  const rules = {
    openToken: (sealed: Uint8Array) => openToken(sealed, serverKey.privateKey.reveal()),
    sealedTokenBytes: SEALED_TOKEN_BYTES,
    allowPlaintextTokens: config.http.allowPlaintextTokens,
    allowsEndpoint,
    enabled,
  };
  const status = {
    version,
    serverPubkey: serverKey.publicKeyHex,
    sealedTokenBytes: SEALED_TOKEN_BYTES,
    kinds: config.relays.kinds,
    counts: () => registrations.counts(),
    relays: () => relays.status(),
  };
  return createApiServer({ telemetry, registration: { registrations, rules }, status });
}

function createAdmin(
  { config, metrics }: CompositionParts,
  {
    registrations,
    seen,
    lanes,
    relays,
  }: Pick<Composition, 'registrations' | 'lanes' | 'relays'> & { seen: MemorySeenEvents },
): FastifyInstance {
  metrics.observe({
    registrations: () => registrations.counts(),
    seenEvents: () => seen.size,
    pending: () => lanes.pending(),
    relays: () => relays.status(),
  });
  return createAdminServer({
    host: config.admin.host,
    metrics,
    readiness: { relays: () => relays.status(), canDeliver: () => lanes.canDeliver },
  });
}
