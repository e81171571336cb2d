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

/** The kind of an event that authorises one HTTP request (NIP-98). */
const HTTP_AUTH_KIND = 27_235;
/** How far the client's clock may be ahead or behind. */
const MAX_AGE_SECONDS = 60;
const VERDICTS = { new: 'accepted', used: 'replayed', full: 'overflow' } as const;

export interface RegistrationAuthOptions {
  /** `REGISTRATION_AUTH`. */
  readonly mode: 'off' | 'optional' | 'required';
  /** `PUBLIC_URL`. If it is absent, the `Host` header counts. */
  readonly publicUrl: string | undefined;
  readonly verifier: EventVerifier;
  readonly used: UsedEvents;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** The parts of a request that a signature covers. */
export type SignableRequest = Pick<FastifyRequest, 'headers' | 'method' | 'url' | 'rawBody'>;

/** Checks whether a request is signed with the trade key that it is about (contract 1.3, NIP-98). */
export class RegistrationAuth {
  readonly #options: RegistrationAuthOptions;

  constructor(options: RegistrationAuthOptions) {
    this.#options = options;
  }

  /**
   * @param mode `REGISTRATION_AUTH`, unless the route has a rule of its own
   * @returns whether the key itself has signed the request
   * @throws ApiError 401 if the signature is not by this key and for this request, or was used before, or is missing where signatures are
   *   required. 429 while more used signatures are remembered than there is room for
   */
  async check(
    request: SignableRequest,
    tradePubkey: TradePubkey,
    mode = this.#options.mode,
  ): Promise<boolean> {
    const { authorization } = request.headers;
    const isUnsigned = authorization === undefined || !/^nostr(?: |$)/i.test(authorization);
    if (mode === 'off' || (mode === 'optional' && isUnsigned)) return false;
    if (isUnsigned) throw ApiError.of('Invalid authorization');
    const [, encoded] = /^nostr(?: +(.*))?$/i.exec(authorization) ?? [];
    const verdict = await this.#judge(request, tradePubkey, encoded ?? '');
    this.#options.telemetry.count('http_signatures', { verdict });
    if (verdict === 'overflow') throw ApiError.rateLimited(MAX_AGE_SECONDS * 1000);
    if (verdict === 'undecided') throw ApiError.of('Internal error');
    if (verdict !== 'accepted') throw ApiError.of('Invalid authorization');
    return true;
  }

  /** The cheap checks come first: verifying a signature costs as much as opening a token. */
  async #judge(
    request: SignableRequest,
    tradePubkey: TradePubkey,
    encoded: string,
  ): Promise<'accepted' | 'refused' | 'replayed' | 'overflow' | 'undecided'> {
    const event = asNostrEvent(parseJson(Buffer.from(encoded, 'base64').toString('utf8')));
    if (event === undefined || event.pubkey !== tradePubkey || !this.#isFor(event, request)) return 'refused';
    const { used, verifier } = this.#options;
    if (used.has(event.id)) return 'replayed';
    const authenticity = verifier.verify(event);
    if (authenticity !== 'genuine') return authenticity === 'forged' ? 'refused' : 'undecided';
    return VERDICTS[await used.use(event.id)];
  }

  #isFor(event: NostrEvent, { headers, method, rawBody, url }: SignableRequest): boolean {
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

/** The value of the only tag with this name; `undefined` if there are several, because then it is unclear which one counts. */
function only(event: NostrEvent, name: string): string | undefined {
  const tags = event.tags.filter((tag) => tag[0] === name);
  return tags.length === 1 ? tags[0]?.[1] : undefined;
}
