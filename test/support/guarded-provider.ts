import type { LookupFunction } from 'node:net';

import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { deriveVapidKey } from '../../src/crypto/vapid-key.ts';
import type { EndpointGuard, EndpointRules } from '../../src/push/unifiedpush/endpoint-guard.ts';
import { UnifiedPushProvider } from '../../src/push/unifiedpush/unifiedpush-provider.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { keep } from './keep.ts';
import { DIRECTLY } from './directly.ts';

const WAKE = { kind: 'silent_wake', timestamp: 1_800_000_000 } as const;

/** The rules of a server whose operator has set nothing. */
export const PUBLIC_ONLY: EndpointRules = { allowPrivateEndpoints: false, allowedHosts: [] };

/** The UnifiedPush provider alone, with this guard. */
export function guardedProvider(guard: EndpointGuard, { wayOut = DIRECTLY } = {}): UnifiedPushProvider {
  const vapid = { ...deriveVapidKey(new Uint8Array(32).fill(1)), subject: undefined };
  const telemetry = new FakeTelemetry();
  return keep(
    new UnifiedPushProvider({ guard, wayOut, vapid, clock: Date.now, userAgent: 'test', telemetry }),
  );
}

/** Sends a wake to an endpoint. @returns what came of it */
export async function pushTo(provider: UnifiedPushProvider, endpoint: string): Promise<object> {
  const { keys } = new WebPushSubscription(endpoint);
  return provider.send({ type: 'unifiedpush', endpoint, keys }, WAKE, new AbortController().signal);
}

/**
 * A guard whose connections all go to this machine, so that no packet leaves it. The list gets the addresses that the guard's look-ups
 * found usable.
 */
export function rerouted(guard: EndpointGuard): { guard: EndpointGuard; dialled: string[][] } {
  const dialled: string[][] = [];
  const reroute =
    (lookup: LookupFunction): LookupFunction =>
    (host, options, callback) => {
      lookup(host, { ...options, all: true }, (error, found) => {
        if (error !== null) return callback(error, '', 0);
        dialled.push([found].flat().map((one) => (typeof one === 'string' ? one : one.address)));
        callback(null, [{ address: '127.0.0.1', family: 4 }]);
      });
    };
  const lookups = new Map<LookupFunction, LookupFunction>();
  const lookupFor: EndpointGuard['lookupFor'] = (endpoint) => {
    const lookup = guard.lookupFor(endpoint);
    if (lookup === undefined) throw new Error('nothing looks names up');
    const known = lookups.get(lookup) ?? reroute(lookup);
    lookups.set(lookup, known);
    return known;
  };
  return { guard: { ...guard, lookupFor }, dialled };
}
