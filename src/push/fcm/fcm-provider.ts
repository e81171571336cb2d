import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import type { Delivery, Push } from '../../core/lanes/delivery.ts';
import { describeError } from '../../core/basics/describe-error.ts';
import type { PushProvider } from '../../core/lanes/push-provider.ts';
import type { FcmTarget } from '../../core/registry/push-target.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { retryAfterMs } from '../../net/retry-after.ts';
import type { WayOut } from '../../net/way-out.ts';
import { Deadlines } from '../deadlines.ts';
import { readFcmAnswer, wantsFreshToken } from './fcm-answer.ts';
import { FcmTemplate, type FcmWording } from './fcm-message.ts';
import { FcmHeaders } from './fcm-headers.ts';
import { GoogleAuth, GoogleAuthError } from './google-auth.ts';
import { Http2Session } from '../http2/http2-session.ts';
import type { ReadServiceAccount } from './account-source.ts';
import type { ServiceAccount } from './service-account.ts';

/** Google asks clients to wait at least 10 s. A shorter wait would send slow pushes twice. */
const ATTEMPT_TIMEOUT_MS = 15 * SECOND_MS;

export interface FcmProviderOptions {
  readonly account: ServiceAccount;
  /** Reads the key file again when Google refuses the account. */
  readonly readAccount?: ReadServiceAccount | undefined;
  readonly baseUrl: string;
  readonly wording: FcmWording;
  readonly clock: Clock;
  /** Measures the life of access tokens, in milliseconds. Default: `clock`. */
  readonly monotonic?: Clock;
  readonly userAgent: string;
  readonly wayOut: WayOut;
  readonly telemetry: Telemetry;
  /** Gets the `Date` header of Google's answers, to check our clock. */
  readonly onDate?: (date: unknown) => void;
}

/** Firebase Cloud Messaging, HTTP v1, over one HTTP/2 session. */
export class FcmProvider implements PushProvider<FcmTarget> {
  readonly name = 'fcm';
  readonly #headers: FcmHeaders;
  readonly #template: FcmTemplate;
  readonly #clock: Clock;
  readonly #telemetry: Telemetry;
  readonly #auth: GoogleAuth;
  readonly #session: Http2Session;
  readonly #deadlines: Deadlines;

  /** @param timeoutMs how long a push, and a request for an access token, may take, in milliseconds. Tests set another one. */
  constructor(options: FcmProviderOptions, timeoutMs = ATTEMPT_TIMEOUT_MS) {
    this.#deadlines = new Deadlines(timeoutMs);
    const { account, readAccount, baseUrl, wording, clock, telemetry, onDate } = options;
    const { monotonic = clock, userAgent, wayOut } = options;
    const base = new URL(baseUrl);
    this.#headers = new FcmHeaders(base, userAgent);
    this.#template = new FcmTemplate(wording);
    this.#clock = clock;
    this.#telemetry = telemetry;
    this.#auth = new GoogleAuth(
      { account, readAccount, clock, monotonic, userAgent, wayOut, telemetry, onDate },
      timeoutMs,
    );
    this.#session = new Http2Session({
      origin: base.origin,
      wayOut,
      onDate,
      onLost: () => telemetry.log('fcm.session_lost'),
    });
  }

  /** One word: why Google's last answer brought no access token. Absent if the answer brought one. */
  get oauthProblem(): string | undefined {
    return this.#auth.problem;
  }

  /** Fetches an access token before the first wake, so that a refused key shows at the start. */
  async warmUp(): Promise<void> {
    // A failure is already logged, and the next wake tries again.
    await this.#auth.accessToken().catch(() => undefined);
  }

  /** Changes to another service account. @param read reads its key file from now on */
  async useAccount(account: ServiceAccount, read: ReadServiceAccount): Promise<void> {
    // A failure is already logged, and the next wake tries again.
    await this.#auth.use(account, read).catch(() => undefined);
  }

  /** Sends once more with a fresh token where FCM refuses the one it got, which may have been revoked early. */
  async send(target: FcmTarget, push: Push, signal: AbortSignal): Promise<Delivery> {
    const body = this.#template.message(target, push);
    for (let isSecond = false; ; isSecond = true) {
      const deadline = this.#deadlines.begin(signal);
      try {
        const token = this.#auth.usable ?? (await this.#auth.accessToken());
        const answer = await this.#session.post(this.#headers.with(token, this.#auth), body, deadline);
        const afterMs = retryAfterMs(answer.retryAfter, { now: this.#clock(), date: answer.date });
        const delivery = readFcmAnswer(answer.status, answer.body, afterMs);
        const isRefused = wantsFreshToken(delivery);
        if (isRefused) this.#auth.invalidate(token);
        // A fresh token was refused too, so the token is not the cause.
        if (!isRefused || isSecond) return delivery;
      } catch (error) {
        return this.#failed(error);
      } finally {
        deadline[Symbol.dispose]();
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#auth[Symbol.dispose]();
    await this.#session[Symbol.asyncDispose]();
  }

  #failed(error: unknown): Delivery {
    if (error instanceof GoogleAuthError) {
      const { afterMs } = error;
      return { outcome: 'retry', reason: 'no_access_token', ...(afterMs !== undefined && { afterMs }) };
    }
    this.#telemetry.log('provider.unreachable', {
      provider: this.name,
      // Described only if the line is written: to read a stack takes long, and thousands of dead endpoints can fail in a minute.
      get error() {
        return describeError(error);
      },
    });
    return { outcome: 'retry', reason: 'unreachable' };
  }
}
