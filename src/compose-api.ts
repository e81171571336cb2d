import type { FastifyInstance } from 'fastify';

import type { Composition, CompositionParts } from './composition.ts';
import type { Config } from './config/config.ts';
import type { EndpointPolicy, Platform, PushTarget } from './core/push-target.ts';
import type { Curve } from './crypto/curve.ts';
import { createEventVerifier } from './crypto/event-verifier.ts';
import { SEALED_TOKEN_SIZES } from './crypto/sealed-token.ts';
import { tokenOpener } from './crypto/token-opener.ts';
import { wasmCurve } from './crypto/wasm-curve.ts';
import { parseWebPushKeys } from './crypto/web-push-keys.ts';
import { createApiServer } from './http/api-server.ts';
import { HttpLimits } from './http/http-limits.ts';
import type { RegistrationRules } from './http/registration-body.ts';
import { RegistrationAuth } from './http/registration-auth.ts';
import { MemoryUsedEvents } from './store/memory-used-events.ts';

/** Opening a token takes some 0.4 ms in WebAssembly and 0.06 ms in C: one turn of the event loop is held for a millisecond. */
const PER_TURN = { wasm: 2, native: 16 };

interface ApiParts extends Pick<Composition, 'registrations' | 'relays' | 'announcements'> {
  readonly allowsEndpoint: EndpointPolicy;
  readonly vapidPublicKey: string;
}

/** The public API, with what protects it (contract 1). */
export function composeApi(
  parts: CompositionParts,
  { registrations, relays, announcements, allowsEndpoint, vapidPublicKey }: ApiParts,
): FastifyInstance {
  const { config, serverKey, telemetry, version } = parts;
  const webPush: Platform[] = config.unifiedPush.enabled ? ['webpush'] : [];
  const status = {
    version,
    serverPubkey: serverKey.publicKeyHex,
    sealedTokenSizes: SEALED_TOKEN_SIZES,
    kinds: config.relays.kinds,
    platforms: ['android', 'ios', ...webPush] as const,
    vapidPublicKey: config.unifiedPush.enabled ? vapidPublicKey : undefined,
    registrationAuth: config.http.registrationAuth,
    counts: () => registrations.counts(),
    relays: () => relays.status(),
  };
  const { auth, limits } = createProtections(parts);
  const rules = createRules(parts, allowsEndpoint);
  return createApiServer({
    telemetry,
    registration: { registrations, rules, auth, limits, perTurn: perTurn(parts.curve) },
    notify: { announcements, limits },
    status,
    trustsProxy: config.http.addressSource !== 'socket',
    ...(parts.requestTimeoutMs !== undefined && { requestTimeoutMs: parts.requestTimeoutMs }),
    isSecure: config.http.publicUrl?.startsWith('https:') === true,
  });
}

function perTurn(curve: Curve = wasmCurve): number {
  return curve === wasmCurve ? PER_TURN.wasm : PER_TURN.native;
}

/** What a registration must be. */
function createRules(
  { config, curve = wasmCurve, previousKey, serverKey }: CompositionParts,
  allowsEndpoint: EndpointPolicy,
): RegistrationRules {
  return {
    openToken: tokenOpener(serverKey, previousKey, curve),
    sealedTokenSizes: SEALED_TOKEN_SIZES,
    allowPlaintextTokens: config.http.allowPlaintextTokens,
    allowsEndpoint,
    parseKeys: parseWebPushKeys,
    enabled: enabledProviders(config),
    trustedInstances: trustedInstances(config),
  };
}

/** Who may do how much, and who is who (contract 1.2, 1.3). */
function createProtections({ clock = Date.now, curve = wasmCurve, ...parts }: CompositionParts): {
  auth: RegistrationAuth;
  limits: HttpLimits;
} {
  const { config, telemetry } = parts;
  const { addressSource, publicUrl, rates, registrationAuth: mode } = config.http;
  const used = new MemoryUsedEvents({ clock });
  const auth = new RegistrationAuth({
    mode,
    publicUrl,
    verifier: createEventVerifier(curve),
    used,
    clock,
    telemetry,
  });
  // Limits are about time that passes: a clock that is set back must not shut anyone out.
  const passing = clock === Date.now ? () => performance.now() : clock;
  return { auth, limits: new HttpLimits({ addressSource, rates, clock: passing, telemetry }) };
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
