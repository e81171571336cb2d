import { type NostrEvent, verifyEvent } from 'nostr-tools/pure';

import type { RelayClient } from './relay-client.ts';
import type { Filter } from './relay-filter.ts';

const AUTH_KIND = 22_242;
const MAX_AGE_SECONDS = 600;

/** Which kinds a relay serves only to clients that have authenticated (NIP-42), and how it refuses the others. */
export interface RelayAuthOptions {
  /** Sends the challenge at once instead of with the first REQ that needs it. */
  challengeOnConnect?: boolean;
  /** The kinds that only clients may read that have authenticated and are admitted. */
  kinds: readonly number[];
  /** Whether an answer may name this URL. By default only the host counts, as NIP-42 has it. */
  accepts?: (url: string | undefined) => boolean;
  /** By default every client that has authenticated is admitted. */
  admit?: (pubkey: string) => boolean;
  /** If true, no subscription is closed. The events of these kinds are left out, and the client is not told. */
  withhold?: boolean;
}

/**
 * Who may read what, as strfry has it: a REQ for protected kinds alone is refused, of any other the protected events are
 * left out; a connection is challenged once and authenticates once.
 */
export class RelayAuth {
  readonly #options: RelayAuthOptions | undefined;

  constructor(options: RelayAuthOptions | undefined) {
    this.#options = options;
  }

  greet(client: RelayClient): void {
    if (this.#options?.challengeOnConnect === true) client.challengeOnce();
  }

  /** The reason with which a REQ is closed, after its challenge was sent. `undefined` if the REQ is answered. */
  refusal(client: RelayClient, filters: readonly Filter[]): string | undefined {
    if (this.#options === undefined) return undefined;
    const { kinds: guarded, withhold = false } = this.#options;
    const protectedAlone = filters.every(
      ({ kinds = [] }) => kinds.length > 0 && kinds.every((kind) => guarded.includes(kind)),
    );
    if (!protectedAlone || this.#isAdmitted(client)) return undefined;
    if (client.pubkey === undefined) client.challengeOnce();
    if (withhold) return undefined;
    return client.pubkey === undefined
      ? 'auth-required: requested filter requires authentication'
      : 'restricted: not for this pubkey';
  }

  maySee(client: RelayClient, kind: number): boolean {
    return this.#options?.kinds.includes(kind) !== true || this.#isAdmitted(client);
  }

  /** Accepts an AUTH event or returns what is wrong with it. Without options, the test sends challenges itself, so every challenge is accepted. */
  problem(client: RelayClient, event: NostrEvent): string | undefined {
    if (event.kind !== AUTH_KIND) return `invalid: not of kind ${AUTH_KIND}`;
    if (!verifyEvent(event)) return 'invalid: bad id or signature';
    if (this.#options === undefined) return undefined;
    if (client.pubkey !== undefined) return 'error: already authenticated';
    if (!client.challenged || tagValue(event, 'challenge') !== client.challenge) {
      return 'invalid: not the challenge of this connection';
    }
    if (client.host === undefined || hostOf(tagValue(event, 'relay')) !== client.host) {
      return 'invalid: not for this relay';
    }
    if (this.#options.accepts?.(tagValue(event, 'relay')) === false) return 'invalid: not our URL';
    if (Math.abs(Date.now() / 1000 - event.created_at) > MAX_AGE_SECONDS) return 'invalid: not of now';
    client.pubkey = event.pubkey;
    return undefined;
  }

  #isAdmitted({ pubkey }: RelayClient): boolean {
    const { admit = () => true } = this.#options ?? {};
    return pubkey !== undefined && admit(pubkey);
  }
}

function tagValue({ tags }: NostrEvent, name: string): string | undefined {
  return tags.find((tag) => tag[0] === name)?.[1];
}

function hostOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).host : undefined;
}
