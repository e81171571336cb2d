import type { FastifyInstance } from 'fastify';

import type { Platform } from '../core/push-target.ts';
import type { RegistrationCounts } from '../core/registration.ts';

export interface StatusRoutesOptions {
  readonly version: string;
  /** 66 hex characters: what clients seal their tokens to. */
  readonly serverPubkey: string;
  /** The lengths that a sealed token may have, in bytes, the usual one first. */
  readonly sealedTokenSizes: readonly number[];
  readonly platforms: readonly Platform[];
  /** What an app subscribes with (RFC 8292), where UnifiedPush is switched on. */
  readonly vapidPublicKey: string | undefined;
  readonly kinds: readonly number[];
  readonly counts: () => RegistrationCounts;
  readonly relays: () => readonly RelayLine[];
}

/** What the status says of a relay: nothing that may be a secret between it and the operator. */
export interface RelayLine {
  readonly url: string;
  readonly state: string;
  readonly served: readonly number[];
  readonly restricted: readonly { readonly kind: number; readonly reason: string }[];
  readonly recovering: readonly number[];
  readonly authentication: string;
  readonly reconnects: number;
  readonly discovered: boolean;
}

/** `GET /api/health`, `/api/info` and `/api/status`. The order of the fields is part of the contract (contract 1). */
export function statusRoutes(app: FastifyInstance, options: StatusRoutesOptions): void {
  const { version, serverPubkey, sealedTokenSizes, kinds, platforms, vapidPublicKey, counts, relays } =
    options;

  // Liveness only: apps give push up for good on anything but this answer.
  app.get('/api/health', async () => ({ status: 'ok' }));

  app.get('/api/info', async () => ({
    server_pubkey: serverPubkey,
    version,
    encrypted_token_size: sealedTokenSizes[0],
    encryption_enabled: true,
    encrypted_token_sizes: sealedTokenSizes,
    kinds,
    platforms,
    // Left out where it is undefined.
    vapid_public_key: vapidPublicKey,
  }));

  app.get('/api/status', async () => {
    const { total, android, ios, webpush } = counts();
    return {
      status: 'running',
      version,
      server_pubkey: serverPubkey,
      tokens: { total, android, ios, webpush },
      relays: relays().map(relayLine),
    };
  });
}

function relayLine({
  url,
  state,
  served,
  restricted,
  recovering,
  authentication,
  reconnects,
  discovered,
}: RelayLine): RelayLine {
  return { url, state, served, restricted, recovering, authentication, reconnects, discovered };
}
