import { createHash } from 'node:crypto';

import type { FastifyRequest } from 'fastify';

import { unixSeconds, type Clock } from '../core/basics/clock.ts';
import { asNostrEvent, type NostrEvent } from '../core/nostr/nostr-event.ts';
import { parseJson } from '../core/basics/parse-json.ts';
import type { EventVerifier } from '../core/nostr/event-verifier.ts';
import type { UsedEvents } from '../core/registry/used-events.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { TradePubkey } from '../core/registry/trade-pubkey.ts';
import { ApiError } from './api-error.ts';

/** An event that authorises one HTTP request (NIP-98). */
const HTTP_AUTH_KIND = 27_235;
/** How far the client's clock may be off, either way. */
const MAX_AGE_SECONDS = 60;

export interface RegistrationAuthOptions {
  /** `REGISTRATION_AUTH`. */
  readonly mode: 'off' | 'optional' | 'required';
  /** `PUBLIC_URL`; without it the `Host` header counts. */
  readonly publicUrl: string | undefined;
  readonly verifier: EventVerifier;
  readonly used: UsedEvents;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** A request with its body as it came, byte by byte: what a signature speaks of. */
export type SignableRequest = Pick<FastifyRequest, 'headers' | 'method' | 'url' | 'rawBody'>;

/** Whether a request is signed with the trade key that it is about (contract 1.3, NIP-98). */
export class RegistrationAuth {
  readonly #options: RegistrationAuthOptions;

  constructor(options: RegistrationAuthOptions) {
    this.#options = options;
  }

  /**
   * @returns whether the key itself has signed the request
   * @throws ApiError 401 for a signature that is none of this key for this request, or has been used; where signatures are
   *   required, also for none. 429 while more were used than can be remembered
   */
  check(request: SignableRequest, tradePubkey: TradePubkey): boolean {
    const { mode } = this.#options;
    const { authorization } = request.headers;
    const isUnsigned = authorization === undefined || !/^nostr(?: |$)/i.test(authorization);
    if (mode === 'off' || (mode === 'optional' && isUnsigned)) return false;
    if (isUnsigned) throw ApiError.of('Invalid authorization');
    const [, encoded] = /^nostr(?: +(.*))?$/i.exec(authorization) ?? [];
    const verdict = this.#judge(request, tradePubkey, encoded ?? '');
    this.#options.telemetry.count('http_signatures', { verdict });
    if (verdict === 'overflow') throw ApiError.rateLimited(MAX_AGE_SECONDS * 1000);
    if (verdict === 'undecided') throw ApiError.of('Internal error');
    if (verdict !== 'accepted') throw ApiError.of('Invalid authorization');
    return true;
  }

  /** What is cheap to find wrong comes first: a signature costs as much as opening a token. */
  #judge(
    request: SignableRequest,
    tradePubkey: TradePubkey,
    encoded: string,
  ): 'accepted' | 'refused' | 'replayed' | 'overflow' | 'undecided' {
    const event = asNostrEvent(parseJson(Buffer.from(encoded, 'base64').toString('utf8')));
    if (event === undefined || event.pubkey !== tradePubkey || !this.#speaksOf(event, request))
      return 'refused';
    const { used, verifier } = this.#options;
    if (used.has(event.id)) return 'replayed';
    const authenticity = verifier.verify(event);
    if (authenticity !== 'genuine') return authenticity === 'forged' ? 'refused' : 'undecided';
    return used.add(event.id) ? 'accepted' : 'overflow';
  }

  #speaksOf(event: NostrEvent, { headers, method, rawBody, url }: SignableRequest): boolean {
    const { clock, publicUrl } = this.#options;
    const bases =
      publicUrl === undefined ? [`https://${headers.host}`, `http://${headers.host}`] : [publicUrl];
    const payload = createHash('sha256')
      .update(rawBody ?? '')
      .digest('hex');
    return (
      event.kind === HTTP_AUTH_KIND &&
      Math.abs(unixSeconds(clock) - event.created_at) <= MAX_AGE_SECONDS &&
      bases.some((base) => only(event, 'u') === `${base}${url}`) &&
      only(event, 'method') === method &&
      only(event, 'payload')?.toLowerCase() === payload
    );
  }
}

/** The value of the one tag of this name: where there are two, nobody can say which one was meant. */
function only(event: NostrEvent, name: string): string | undefined {
  const tags = event.tags.filter((tag) => tag[0] === name);
  return tags.length === 1 ? tags[0]?.[1] : undefined;
}
