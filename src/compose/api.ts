import type { FastifyInstance } from 'fastify';

import type { Composition, CompositionParts } from './compose.ts';
import type { ProgramTime } from './time.ts';
import type { Config } from '../config/config.ts';
import type { EndpointPolicy, Platform, PushTarget } from '../core/registry/push-target.ts';
import type { EventVerifier } from '../core/nostr/event-verifier.ts';
import type { RecentWakes } from '../core/waking/recent-wakes.ts';
import type { Curve } from '../crypto/curve.ts';
import type { InstanceTags } from '../crypto/instance-tags.ts';
import { SEALED_TOKEN_SIZES } from '../crypto/sealed-token.ts';
import { tokenOpener } from '../crypto/token-opener.ts';
import { parseWebPushKeys } from '../crypto/web-push-keys.ts';
import { createApiServer } from '../http/api-server.ts';
import { ClientNetworks } from '../http/client-networks.ts';
import { HttpLimits } from '../http/http-limits.ts';
import type { RegistrationRules } from '../http/registration-body.ts';
import { RegistrationAuth } from '../http/registration-auth.ts';
import { MemoryUsedEvents } from '../store/tables/memory-used-events.ts';

/**
 * Registrations that are let through in a turn of the event loop: opening a token takes some 0.4 ms in WebAssembly, 0.06 ms in C, and a
 * turn a millisecond or two. Wakes need several turns each, so while there are any, turns are short.
 */
const PER_TURN = { wasm: 2, native: 32, waking: 2 };

interface ApiParts extends Pick<Composition, 'registrations' | 'relays' | 'announcements'> {
  readonly curve: Curve;
  readonly verifier: EventVerifier;
  readonly guard: { readonly allows: EndpointPolicy };
  readonly vapid: { readonly publicKey: string };
  readonly tags: Pick<InstanceTags, 'of'>;
  readonly recent: Pick<RecentWakes, 'any'>;
  readonly time: ProgramTime;
}

/** The public API, with what protects it (contract 1). */
export function composeApi(
  parts: CompositionParts,
  { registrations, relays, announcements, curve, verifier, guard, vapid, recent, tags, time }: ApiParts,
): FastifyInstance {
  const { config, serverKey, telemetry, version } = parts;
  const webPush: Platform[] = config.unifiedPush.enabled ? ['webpush'] : [];
  const status = {
    version,
    serverPubkey: serverKey.publicKeyHex,
    sealedTokenSizes: SEALED_TOKEN_SIZES,
    kinds: config.relays.kinds,
    platforms: ['android', 'ios', ...webPush] as const,
    vapidPublicKey: config.unifiedPush.enabled ? vapid.publicKey : undefined,
    registrationAuth: config.http.registrationAuth,
    counts: () => registrations.counts(),
    relays: () => relays.status(),
  };
  const { auth, limits } = createProtections(parts, verifier, time);
  const networks = new ClientNetworks(config.http.addressSource);
  const rules = createRules(parts, {
    curve,
    allowsEndpoint: guard.allows,
    tagOf: (...named) => tags.of(...named),
  });
  return createApiServer({
    telemetry,
    registration: { registrations, rules, auth, limits, networks, perTurn: perTurn(curve, recent) },
    notify: { announcements, limits },
    status,
    trustsProxy: config.http.addressSource !== 'socket',
    ...(parts.requestTimeoutMs !== undefined && { requestTimeoutMs: parts.requestTimeoutMs }),
    isSecure: config.http.publicUrl?.startsWith('https:') === true,
  });
}

/** Asked anew for every turn: a library may be replaced by a slower one. */
function perTurn(curve: Curve, recent: Pick<RecentWakes, 'any'>): () => number {
  const atRest = (): number => (curve.isNative ? PER_TURN.native : PER_TURN.wasm);
  return () => (recent.any ? PER_TURN.waking : atRest());
}

/** What a registration must be. */
function createRules(
  { config, previousKey, serverKey }: CompositionParts,
  { curve, ...rules }: { curve: Curve } & Pick<RegistrationRules, 'allowsEndpoint' | 'tagOf'>,
): RegistrationRules {
  return {
    openToken: tokenOpener(serverKey, previousKey, curve),
    sealedTokenSizes: SEALED_TOKEN_SIZES,
    allowPlaintextTokens: config.http.allowPlaintextTokens,
    ...rules,
    parseKeys: parseWebPushKeys,
    enabled: enabledProviders(config),
    trustedInstances: trustedInstances(config),
  };
}

/** Who may do how much, and who is who (contract 1.2, 1.3). */
function createProtections(
  { config, telemetry }: CompositionParts,
  verifier: EventVerifier,
  { clock, monotonic }: ProgramTime,
): { auth: RegistrationAuth; limits: HttpLimits } {
  const { addressSource, publicUrl, rates, registrationAuth: mode } = config.http;
  const used = new MemoryUsedEvents({ clock: monotonic });
  const auth = new RegistrationAuth({
    mode,
    publicUrl,
    verifier,
    used,
    clock,
    telemetry,
  });
  return { auth, limits: new HttpLimits({ addressSource, rates, clock: monotonic, telemetry }) };
}

function enabledProviders({ fcm, unifiedPush }: Config): ReadonlySet<PushTarget['type']> {
  const enabled = new Set<PushTarget['type']>();
  if (fcm.enabled) enabled.add('fcm');
  if (unifiedPush.enabled) enabled.add('unifiedpush');
  return enabled;
}

function trustedInstances({ http, mostro }: Config): ReadonlySet<string> | undefined {
  return http.trustedInstancesOnly && mostro.pubkeys.length > 0 ? new Set(mostro.pubkeys) : undefined;
}
