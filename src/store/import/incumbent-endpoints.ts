import { z } from 'zod';

import type { Clock } from '../../core/basics/clock.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import { parseTarget, type EndpointPolicy } from '../../core/registry/push-target.ts';
import { expiryOf, type Lifetime, type Registration } from '../../core/registry/registration.ts';
import { parseTradePubkey } from '../../core/registry/trade-pubkey.ts';

/** The Rust server's own file. Its `device_id` is any name that the client chose. */
const IncumbentFile = z.record(
  z.string(),
  z.object({
    device_id: z.string(),
    endpoint_url: z.string(),
    registered_at: z.iso.datetime({ offset: true }),
  }),
);

export interface IncumbentOptions {
  readonly allowsEndpoint: EndpointPolicy;
  readonly lifetime: Lifetime;
  readonly clock: Clock;
}

export interface IncumbentEndpoints {
  readonly registrations: readonly Registration[];
  /** Entries that are left out: the name is no trade pubkey, or the endpoint may not be called. */
  readonly unusable: number;
}

/**
 * Reads the file in which the Rust server keeps its UnifiedPush endpoints. An entry that is named by a trade pubkey becomes a registration.
 *
 * @returns `undefined` if the text is no such file
 */
export function readIncumbentEndpoints(
  text: string,
  { allowsEndpoint, clock, lifetime }: IncumbentOptions,
): IncumbentEndpoints | undefined {
  const parsed = IncumbentFile.safeParse(parseJson(text));
  if (!parsed.success) return undefined;
  const now = clock();
  const all = Object.values(parsed.data);
  const registrations = all.flatMap(({ device_id: name, endpoint_url: url, registered_at: at }) => {
    const [tradePubkey, target] = [parseTradePubkey(name), parseTarget(url, allowsEndpoint)];
    if (tradePubkey === undefined || typeof target === 'string' || target.type !== 'unifiedpush') return [];
    const registeredAt = Math.min(now, Date.parse(at));
    const expiresAt = expiryOf(registeredAt, now, lifetime);
    const made = { registeredAt, expiresAt, woken: false, signed: false };
    return [{ tradePubkey, target, platform: 'android', ...made } satisfies Registration];
  });
  return {
    registrations: registrations.toSorted((a, b) => a.registeredAt - b.registeredAt),
    unusable: all.length - registrations.length,
  };
}
