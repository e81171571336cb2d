import type { FastifyInstance } from 'fastify';

import type { ComposedCohorts } from './cohorts.ts';
import type { CompositionOptions, CompositionOverrides } from './options.ts';
import type { ProgramTime } from './time.ts';
import type { Config } from '../config/config.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import type { UsedEvents } from '../core/registry/used-events.ts';
import type { EventVerifier } from '../core/nostr/event-verifier.ts';
import type { EndpointPolicy, Platform, PushService } from '../core/registry/push-target.ts';
import type { InstancePubkeys } from '../core/registry/instance-pubkeys.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import type { ChatAnnouncements } from '../core/waking/chat-announcements.ts';
import type { SelfTest } from '../core/waking/self-test.ts';
import type { PushLanes } from '../core/lanes/push-lanes.ts';
import type { Curve } from '../crypto/curve.ts';
import type { InstanceTags } from '../crypto/instance-tags.ts';
import { SEALED_TOKEN_SIZES } from '../crypto/sealed-token.ts';
import { tokenOpener } from '../crypto/token-opener.ts';
import { parseWebPushKeys } from '../crypto/web-push-keys.ts';
import { createApiServer } from '../http/api-server.ts';
import { ClientNetworks } from '../http/client-networks.ts';
import { HttpLimits } from '../http/http-limits.ts';
import { ProxyHeaders } from '../http/proxy-headers.ts';
import { RegistrationAuth } from '../http/registration-auth.ts';
import type { RegistrationRules } from '../http/registration-body.ts';
import { Turnstile } from '../http/turnstile.ts';
import type { RelayPool } from '../relay/connection/relay-pool.ts';

/**
 * Registrations that are let through in a turn of the event loop. Opening a token takes some 0.4 ms in WebAssembly and 0.06 ms in C; a
 * turn takes a millisecond or two. A wake needs several turns, so turns are short while wakes are under way.
 */
const PER_TURN = { wasm: 2, native: 32, waking: 2 };

interface Served {
  readonly time: ProgramTime;
  readonly registrations: Registrations;
  readonly instances: Pick<InstancePubkeys, 'trusted'>;
  readonly cohorts: ComposedCohorts | undefined;
  /** What the calls of a client wake a device by. */
  readonly calls: { readonly announcements: ChatAnnouncements; readonly selfTest: SelfTest };
  readonly lanes: Pick<PushLanes, 'isBusy'>;
  readonly relays: RelayPool;
  readonly curve: Curve;
  /** What signed requests are checked with. */
  readonly signing: { readonly verifier: EventVerifier; readonly used: UsedEvents };
  readonly tags: Pick<InstanceTags, 'of'>;
  readonly guard: { readonly allows: EndpointPolicy };
  /** What Web Push clients subscribe with. */
  readonly vapid: { readonly publicKey: string };
}

/** The public API, with what protects it (contract 1). */
export function composeApi(
  options: CompositionOptions,
  { requestTimeoutMs }: CompositionOverrides,
  served: Served,
): { readonly api: FastifyInstance; readonly proxyHeaders: ProxyHeaders } {
  const { config, serverKey, telemetry, version } = options;
  const { cohorts, curve, lanes, registrations, relays, vapid } = served;
  const { announcements, selfTest } = served.calls;
  const { auth, limits } = createProtections(options, served);
  const { addressSource } = config.http;
  const proxyHeaders = new ProxyHeaders(addressSource, served.time.monotonic, telemetry);
  const turnstile = new Turnstile(perTurn(curve, lanes));
  const api = {
    telemetry,
    registration: {
      registrations,
      rules: createRules(options, served),
      auth,
      limits,
      networks: new ClientNetworks(addressSource),
      turnstile,
      cohortSizeFor: cohorts?.areUsed === true ? cohorts.sizeFor : undefined,
    },
    notify: { announcements, limits },
    selfTest: { registrations, selfTest, auth, limits, turnstile },
    status: {
      version,
      serverPubkey: serverKey.publicKeyHex,
      sealedTokenSizes: SEALED_TOKEN_SIZES,
      kinds: config.relays.kinds,
      platforms: offeredPlatforms(config),
      vapidPublicKey: config.unifiedPush.enabled ? vapid.publicKey : undefined,
      registrationTtlSeconds: Math.floor(config.registrations.lifetime.ttlMs / SECOND_MS),
      registrationAuth: config.http.registrationAuth,
      policies: config.policies,
      cohorts: cohorts?.areUsed === true ? () => cohorts.book.counts : undefined,
      counts: () => registrations.counts(),
      relays: () => relays.status(),
    },
    proxyHeaders,
    trustsProxy: addressSource !== 'socket',
    allowedOrigins: config.http.allowedOrigins,
    isSecure: config.http.publicUrl?.startsWith('https:') === true,
  };
  return { api: createApiServer(api, { requestTimeoutMs }), proxyHeaders };
}

/** Read at every turn, because a library may be replaced by a slower one. */
function perTurn(curve: Curve, lanes: Pick<PushLanes, 'isBusy'>): () => number {
  const atRest = (): number => (curve.isNative ? PER_TURN.native : PER_TURN.wasm);
  return () => (lanes.isBusy ? PER_TURN.waking : atRest());
}

/** The rules by which registrations are accepted. */
function createRules(
  { config, previousKey, serverKey }: CompositionOptions,
  { curve, guard, instances, tags }: Served,
): RegistrationRules {
  return {
    openToken: tokenOpener(serverKey, previousKey, curve),
    sealedTokenSizes: SEALED_TOKEN_SIZES,
    allowPlaintextTokens: config.http.allowPlaintextTokens,
    allowsEndpoint: guard.allows,
    wakePolicies: new Set([config.policies.server, ...config.policies.offered]),
    tagOf: (tradePubkey, instance) => tags.of(tradePubkey, instance),
    parseKeys: parseWebPushKeys,
    enabled: enabledServices(config),
    // Read at every registration, because a reload may change them.
    get trustedInstances() {
      return instances.trusted;
    },
  };
}

/** The limits of each client, and the check of signed requests (contract 1.2, 1.3). */
function createProtections(
  { config, telemetry }: CompositionOptions,
  { signing: { used, verifier }, time }: Served,
): { auth: RegistrationAuth; limits: HttpLimits } {
  const { addressSource, publicUrl, rates, registrationAuth: mode } = config.http;
  const { clock, monotonic } = time;
  return {
    auth: new RegistrationAuth({ mode, publicUrl, verifier, used, clock, telemetry }),
    limits: new HttpLimits({ addressSource, rates, clock: monotonic, telemetry }),
  };
}

/** Android and iOS stand here even without FCM (contract 1): such a device may have a UnifiedPush endpoint. */
function offeredPlatforms({ fcm, unifiedPush }: Config): readonly Platform[] {
  return namesOf<Platform>({
    android: true,
    ios: true,
    web: fcm.enabled,
    webpush: unifiedPush.enabled,
  });
}

function enabledServices({ fcm, unifiedPush }: Config): ReadonlySet<PushService> {
  return new Set(namesOf<PushService>({ fcm: fcm.enabled, unifiedpush: unifiedPush.enabled }));
}

/** The names that are `true` in the table. The table has every name, so that a new one cannot be left out. */
function namesOf<Name extends string>(table: Readonly<Record<Name, boolean>>): Name[] {
  return (Object.keys(table) as Name[]).filter((name) => table[name]);
}
