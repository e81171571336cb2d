import { SignJWT } from 'jose/jwt/sign';
import { z } from 'zod';

import { HOUR_MS, MINUTE_MS, SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import { describeError } from '../../core/basics/describe-error.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import { Secret } from '../../core/basics/secret.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { agentFor } from '../../net/proxied-connector.ts';
import type { WayOut } from '../../net/way-out.ts';
import { readAtMost } from '../../lib/read-at-most.ts';
import { retryAfterMs } from '../../net/retry-after.ts';
import { Deadlines } from '../deadlines.ts';
import { AccountSource, type ReadServiceAccount } from './account-source.ts';
import type { ServiceAccount } from './service-account.ts';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** `iat` is set this much into the past, because Google refuses an `iat` in the future and our clock may be ahead. */
const CLOCK_SKEW_SECONDS = 30;
/** The longest life that Google allows for an assertion. */
const ASSERTION_SECONDS = HOUR_MS / SECOND_MS - CLOCK_SKEW_SECONDS;
/** A token is replaced this long before it expires, so that it does not expire in transit. */
const REFRESH_EARLY_MS = MINUTE_MS;
/** Used if Google's answer does not say how long the token lives. */
const DEFAULT_LIFETIME_SECONDS = 50 * 60;
const TIMEOUT_MS = 15 * SECOND_MS;
/** A `Retry-After` that is longer than this is obeyed for this long. */
const LONGEST_ASKED_WAIT_MS = HOUR_MS;
const MAX_ANSWER_BYTES = 8 * 1024;
/** Google refuses the key or its signature. A replaced key file may help. */
const REFUSED = /^http_4(?!08|29)/;

const TokenAnswer = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z.coerce.number().positive().catch(DEFAULT_LIFETIME_SECONDS),
});

/** Google gave no access token. `reason` is one word; the answer itself is not kept, since it may hold secrets. */
export class GoogleAuthError extends Error {
  override readonly name = 'GoogleAuthError';
  readonly reason: string;
  /** How long Google asked not to be asked again, in milliseconds. */
  readonly afterMs: number | undefined;

  constructor(reason: string, afterMs?: number) {
    super(reason);
    this.reason = reason;
    this.afterMs = afterMs;
  }
}

interface AccessToken {
  readonly value: Secret<string>;
  /** The project that the service account pushes to. */
  readonly projectId: string;
  readonly refreshAt: number;
}

export interface GoogleAuthOptions {
  readonly account: ServiceAccount;
  /** Reads the key file again when Google refuses the account. */
  readonly readAccount?: ReadServiceAccount | undefined;
  /** The time of day, for the times in an assertion. */
  readonly clock: Clock;
  /** Measures the life of a token, in milliseconds. Default: `clock`. */
  readonly monotonic?: Clock;
  readonly userAgent: string;
  readonly wayOut: WayOut;
  readonly telemetry: Telemetry;
  /** Gets the `Date` header of Google's answers, to check our clock. */
  readonly onDate?: ((date: unknown) => void) | undefined;
}

/**
 * Access tokens for a service account: the JWT-bearer grant (RFC 7523) at the key file's own `token_uri`. One token is used until shortly
 * before it expires. All pushes that need a new token wait for the same request.
 */
export class GoogleAuth implements Disposable {
  readonly #source: AccountSource;
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  readonly #userAgent: string;
  readonly #wayOut: WayOut;
  readonly #telemetry: Telemetry;
  readonly #onDate: ((date: unknown) => void) | undefined;
  readonly #ended = new AbortController();
  readonly #deadlines: Deadlines;
  #current: AccessToken | undefined;
  #minting: Promise<AccessToken> | undefined;
  #problem: string | undefined;
  /** Google asked not to be asked before this time of the monotonic clock. */
  #notBefore = -Infinity;

  /** @param timeoutMs how long a request may take, in milliseconds. Tests set another one. */
  constructor(options: GoogleAuthOptions, timeoutMs = TIMEOUT_MS) {
    this.#deadlines = new Deadlines(timeoutMs);
    const { account, readAccount: read, telemetry } = options;
    this.#source = new AccountSource({ account, read, telemetry });
    this.#clock = options.clock;
    this.#monotonic = options.monotonic ?? options.clock;
    this.#userAgent = options.userAgent;
    this.#wayOut = options.wayOut;
    this.#telemetry = options.telemetry;
    this.#onDate = options.onDate;
  }

  /** One word: why Google's last answer brought no token. Absent if the answer brought one. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The token in use, if it has not expired. */
  get usable(): Secret<string> | undefined {
    const isGood = this.#current !== undefined && this.#current.refreshAt > this.#monotonic();
    return isGood ? this.#current?.value : undefined;
  }

  /** The project of the token in use; without a token, the project of the account. */
  get projectId(): string {
    return this.#current?.projectId ?? this.#source.current.projectId;
  }

  /**
   * Changes to another service account. The old account's token is used until the new account has a token.
   *
   * @param read reads the key file from now on
   */
  async use(account: ServiceAccount, read: ReadServiceAccount): Promise<void> {
    if (!this.#source.adopt(account, read)) return;
    // A request under way was signed by the old key.
    await this.#minting?.catch(() => undefined);
    await this.#mintOnce();
  }

  /** @throws GoogleAuthError if Google gives no token; the next call tries again */
  async accessToken(): Promise<Secret<string>> {
    if (this.usable !== undefined) return this.usable;
    const waitMs = this.#notBefore - this.#monotonic();
    if (this.#problem !== undefined && waitMs > 0) throw new GoogleAuthError(this.#problem, waitMs);
    return (await this.#mintOnce()).value;
  }

  #mintOnce(): Promise<AccessToken> {
    this.#minting ??= this.#mint().finally(() => (this.#minting = undefined));
    return this.#minting;
  }

  /** Drops a token that FCM refused, unless the token has already been replaced. */
  invalidate(token: Secret<string>): void {
    if (this.#current?.value === token) this.#current = undefined;
  }

  /** Ends the request under way, because the program stops. */
  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  async #mint(): Promise<AccessToken> {
    const begunAt = this.#monotonic();
    try {
      const { account, answer } = await this.#askWithFreshAccount();
      const lifetimeMs = answer.expires_in * SECOND_MS;
      // A token with a very short life is used for half of its life, so that not every push fetches a new one.
      const refreshAt = this.#monotonic() + Math.max(lifetimeMs - REFRESH_EARLY_MS, lifetimeMs / 2);
      this.#current = { value: new Secret(answer.access_token), projectId: account.projectId, refreshAt };
      this.#problem = undefined;
      this.#telemetry.count('oauth_mints', { outcome: 'minted' });
      this.#telemetry.log('fcm.token_minted');
      return this.#current;
    } catch (error) {
      const reason = error instanceof GoogleAuthError ? error.reason : 'unreachable';
      this.#problem = reason;
      const { afterMs = 0 } = error instanceof GoogleAuthError ? error : {};
      this.#notBefore = this.#monotonic() + Math.min(afterMs, LONGEST_ASKED_WAIT_MS);
      this.#telemetry.count('oauth_mints', { outcome: 'failed' });
      this.#telemetry.log('fcm.oauth_failed', { reason, error: describeError(error) });
      throw error instanceof GoogleAuthError ? error : new GoogleAuthError(reason);
    } finally {
      this.#telemetry.observe('oauth_mint_seconds', (this.#monotonic() - begunAt) / SECOND_MS);
    }
  }

  /** Asks for a token. If Google refuses the account and the key file now holds another one, asks with that one at once. */
  async #askWithFreshAccount(): Promise<{ account: ServiceAccount; answer: z.infer<typeof TokenAnswer> }> {
    for (let isSecond = false; ; isSecond = true) {
      const account = this.#source.current;
      try {
        return { account, answer: await this.#ask(account) };
      } catch (error) {
        const isRefused = error instanceof GoogleAuthError && REFUSED.test(error.reason);
        if (isSecond || !isRefused || !(await this.#source.refresh())) throw error;
      }
    }
  }

  async #ask(account: ServiceAccount): Promise<z.infer<typeof TokenAnswer>> {
    // Loaded with the first token and not at the start: loading takes longer than the rest of the program's start.
    const { request } = await import('undici');
    const form = new URLSearchParams({ grant_type: GRANT_TYPE, assertion: await this.#assertion(account) });
    const agent = await agentFor(this.#wayOut, new URL(account.tokenUri));
    const asked = this.#deadlines.run(this.#ended.signal, async (signal) => {
      const answer = await request(account.tokenUri, {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'user-agent': this.#userAgent,
        },
        body: form.toString(),
        signal,
        ...(agent && { dispatcher: agent }),
      });
      const { date, 'retry-after': retryAfter } = answer.headers;
      this.#onDate?.(date);
      return {
        status: answer.statusCode,
        afterMs: retryAfterMs(retryAfter, { now: this.#clock(), date }),
        body: await readAtMost(answer.body, MAX_ANSWER_BYTES),
      };
    });
    // One request in fifty minutes: no connection is kept for the next one.
    const { status, afterMs, body } = await asked.finally(() => void agent?.destroy());
    if (status !== 200) throw new GoogleAuthError(`http_${status}`, afterMs);
    const answer = TokenAnswer.safeParse(parseJson(body.text));
    if (!answer.success) throw new GoogleAuthError('answer_unreadable');
    return answer.data;
  }

  #assertion({ clientEmail, privateKey, privateKeyId, tokenUri }: ServiceAccount): Promise<string> {
    const issuedAt = Math.floor(this.#clock() / SECOND_MS) - CLOCK_SKEW_SECONDS;
    return new SignJWT({ scope: SCOPE })
      .setProtectedHeader({
        alg: 'RS256',
        typ: 'JWT',
        ...(privateKeyId !== undefined && { kid: privateKeyId }),
      })
      .setIssuer(clientEmail)
      .setAudience(tokenUri)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_SECONDS)
      .sign(privateKey.reveal());
  }
}
