import { SECOND_MS } from '../../core/basics/clock.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { describeError } from '../../core/basics/describe-error.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { WayOut } from '../../net/way-out.ts';
import { Deadlines } from '../deadlines.ts';
import { readFcmAnswer } from './fcm-answer.ts';
import { FcmHeaders } from './fcm-headers.ts';
import { fcmMessage } from './fcm-message.ts';
import { GoogleAuth, GoogleAuthError } from './google-auth.ts';
import { Http2Session } from '../http2/http2-session.ts';
import type { ServiceAccount } from './service-account.ts';

const TIMEOUT_MS = 15 * SECOND_MS;
/** A token of no device. FCM checks the key and the project first, and then calls the token malformed. */
const NO_TOKEN = 'mostro-push-doctor';

/** How far a dry run came, with Google's reason. */
export interface DryRun {
  /**
   * `oauth`: Google gave no access token. `project`: FCM does not let the key send for this project. `fcm`: FCM did not answer, or asked
   * to try later. `accepted`: everything but the token is right.
   */
  readonly result: 'oauth' | 'project' | 'fcm' | 'accepted';
  readonly reason: string;
}

export interface DryRunOptions {
  readonly account: ServiceAccount;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly wayOut: WayOut;
  readonly telemetry: Telemetry;
  /** Gets the `Date` headers of Google's answers. */
  readonly onDate: (date: unknown) => void;
}

/** Sends one push with `validate_only`, which wakes no device but takes every other step of a push. Never rejects. */
export async function fcmDryRun(options: DryRunOptions): Promise<DryRun> {
  const { account, clock, onDate, telemetry, userAgent, wayOut } = options;
  const base = new URL(options.baseUrl);
  using auth = new GoogleAuth({ account, clock, onDate, telemetry, userAgent, wayOut });
  using deadline = new Deadlines(TIMEOUT_MS).begin();
  await using session = new Http2Session({ origin: base.origin, wayOut, onDate });
  try {
    const token = await auth.accessToken();
    const wake = { kind: 'silent_wake', timestamp: 0 } as const;
    const message = JSON.parse(
      fcmMessage({ type: 'fcm', token: NO_TOKEN }, wake, { mode: 'silent' }),
    ) as object;
    const headers = new FcmHeaders(base, userAgent).with(token, account);
    const body = JSON.stringify({ ...message, validate_only: true });
    const { status, body: answer } = await session.post(headers, body, deadline);
    return judge(status, answer);
  } catch (error) {
    return error instanceof GoogleAuthError
      ? { result: 'oauth', reason: error.reason }
      : { result: 'fcm', reason: describeError(error) };
  }
}

function judge(status: number, answer: string): DryRun {
  const delivery = readFcmAnswer(status, answer, undefined);
  const reason = `http_${status}`;
  if (delivery.outcome === 'retry') return { result: status === 401 ? 'project' : 'fcm', reason };
  if (delivery.outcome === 'refused' && delivery.blames === 'provider') return { result: 'project', reason };
  return { result: 'accepted', reason };
}
