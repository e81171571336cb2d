import { SignJWT } from 'jose/jwt/sign';
import { z } from 'zod';

import { HOUR_MS, MINUTE_MS, SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import { describeError } from '../../core/basics/describe-error.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import { Secret } from '../../core/basics/secret.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { readAtMost } from '../../lib/read-at-most.ts';
import { Deadlines } from '../deadlines.ts';
import { AccountSource, type ReadServiceAccount } from './account-source.ts';
import type { ServiceAccount } from './service-account.ts';

const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Google refuses an assertion whose `iat` lies in the future: this much clock skew is forgiven. */
const CLOCK_SKEW_SECONDS = 30;
/** The longest that Google allows an assertion to live. */
const ASSERTION_SECONDS = HOUR_MS / SECOND_MS - CLOCK_SKEW_SECONDS;
/** A token is replaced this long before it ends, so that none ends on its way. */
const REFRESH_EARLY_MS = MINUTE_MS;
/** Where Google does not say how long a token lives. */
const DEFAULT_LIFETIME_SECONDS = 50 * 60;
const TIMEOUT_MS = 15 * SECOND_MS;
const MAX_ANSWER_BYTES = 8 * 1024;
/** Google refuses the key, or what it signed: another key could be taken. */
const REFUSED = /^http_4(?!08|29)/;

const TokenAnswer = z.object({
  access_token: z.string().regex(/^[\x21-\x7e]+$/),
  expires_in: z.coerce.number().positive().catch(DEFAULT_LIFETIME_SECONDS),
});

/** Google gave no access token. `reason` says why in a word; nothing of the answer is kept. */
export class GoogleAuthError extends Error {
  override readonly name = 'GoogleAuthError';
  readonly reason: string;

  constructor(reason: string) {
    super(reason);
    this.reason = reason;
  }
}

interface AccessToken {
  readonly value: Secret<string>;
  /** The project that the service account pushes to. */
  readonly projectId: string;
  readonly refreshAt: number;
}

export interface GoogleAuthParts {
  readonly account: ServiceAccount;
  /** Reads the key file anew, when Google refuses the account. */
  readonly readAccount?: ReadServiceAccount | undefined;
  /** The time of day, which an assertion names. */
  readonly clock: Clock;
  /** What a token is kept by, in milliseconds; `clock` where it is absent. */
  readonly monotonic?: Clock;
  readonly telemetry: Telemetry;
  /** Told of the `Date` header of Google's answers: what they say of our clock. */
  readonly onDate?: ((date: unknown) => void) | undefined;
}

/**
 * Access tokens for a service account: the JWT-bearer grant (RFC 7523) at the key file's own `token_uri`. One token
 * is kept until shortly before its end, and one request is under way at a time, however many pushes wait for it.
 */
export class GoogleAuth implements Disposable {
  readonly #source: AccountSource;
  readonly #clock: Clock;
  readonly #monotonic: Clock;
  readonly #telemetry: Telemetry;
  readonly #onDate: ((date: unknown) => void) | undefined;
  readonly #ended = new AbortController();
  readonly #deadlines = new Deadlines(TIMEOUT_MS);
  #current: AccessToken | undefined;
  #minting: Promise<AccessToken> | undefined;
  #problem: string | undefined;

  constructor(parts: GoogleAuthParts) {
    const { account, readAccount: read, telemetry } = parts;
    this.#source = new AccountSource({ account, read, telemetry });
    this.#clock = parts.clock;
    this.#monotonic = parts.monotonic ?? parts.clock;
    this.#telemetry = parts.telemetry;
    this.#onDate = parts.onDate;
  }

  /** Why there was no token to be had the last time that Google was asked, in a word; absent if there was one. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The token that is good at this moment, if there is one. */
  get held(): Secret<string> | undefined {
    const isGood = this.#current !== undefined && this.#current.refreshAt > this.#monotonic();
    return isGood ? this.#current?.value : undefined;
  }

  /** The project of the token that is held, or of the account where there is none. */
  get projectId(): string {
    return this.#current?.projectId ?? this.#source.current.projectId;
  }

  /**
   * Takes over a service account. The token of the former one is used until the new account has one.
   *
   * @param read reads it anew, from now on
   */
  async use(account: ServiceAccount, read: ReadServiceAccount): Promise<void> {
    if (!this.#source.adopt(account, read)) return;
    // A request that is under way was signed by the former key.
    await this.#minting?.catch(() => undefined);
    await this.#mintOnce();
  }

  /** @throws GoogleAuthError when there is none to be had now; the next call tries again */
  async accessToken(): Promise<Secret<string>> {
    if (this.held !== undefined) return this.held;
    return (await this.#mintOnce()).value;
  }

  #mintOnce(): Promise<AccessToken> {
    this.#minting ??= this.#mint().finally(() => (this.#minting = undefined));
    return this.#minting;
  }

  /** Drops a token that FCM refused, unless it has been replaced already. */
  invalidate(token: Secret<string>): void {
    if (this.#current?.value === token) this.#current = undefined;
  }

  /** Ends a request that is under way: the program stops. */
  [Symbol.dispose](): void {
    this.#ended.abort();
  }

  async #mint(): Promise<AccessToken> {
    const begunAt = this.#monotonic();
    try {
      const { account, answer } = await this.#askWithFreshAccount();
      const lifetimeMs = answer.expires_in * SECOND_MS;
      // A token of a very short life is used for half of it, not minted for every push.
      const refreshAt = this.#monotonic() + Math.max(lifetimeMs - REFRESH_EARLY_MS, lifetimeMs / 2);
      this.#current = { value: new Secret(answer.access_token), projectId: account.projectId, refreshAt };
      this.#problem = undefined;
      this.#telemetry.count('oauth_mints', { outcome: 'minted' });
      this.#telemetry.log('fcm.token_minted');
      return this.#current;
    } catch (error) {
      const reason = error instanceof GoogleAuthError ? error.reason : 'unreachable';
      this.#problem = reason;
      this.#telemetry.count('oauth_mints', { outcome: 'failed' });
      this.#telemetry.log('fcm.oauth_failed', { reason, error: describeError(error) });
      throw error instanceof GoogleAuthError ? error : new GoogleAuthError(reason);
    } finally {
      this.#telemetry.observe('oauth_mint_seconds', (this.#monotonic() - begunAt) / SECOND_MS);
    }
  }

  /** Where Google refuses the account and its key file holds another one by now, that one is tried at once. */
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
    // With the first token, not at the start: it takes longer to load than all of this program.
    const { request } = await import('undici');
    const form = new URLSearchParams({ grant_type: GRANT_TYPE, assertion: await this.#assertion(account) });
    const { status, body } = await this.#deadlines.run(this.#ended.signal, async (signal) => {
      const answer = await request(account.tokenUri, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: form.toString(),
        signal,
      });
      this.#onDate?.(answer.headers['date']);
      return { status: answer.statusCode, body: await readAtMost(answer.body, MAX_ANSWER_BYTES) };
    });
    if (status !== 200) throw new GoogleAuthError(`http_${status}`);
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
