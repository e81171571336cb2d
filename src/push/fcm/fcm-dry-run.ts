import { SECOND_MS } from '../../core/basics/clock.ts';
import type { Clock } from '../../core/basics/clock.ts';
import { describeError } from '../../core/basics/describe-error.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { Deadlines } from '../deadlines.ts';
import { readFcmAnswer } from './fcm-answer.ts';
import { FcmHeaders } from './fcm-headers.ts';
import { fcmMessage } from './fcm-message.ts';
import { GoogleAuth, GoogleAuthError } from './google-auth.ts';
import { Http2Session } from '../http2/http2-session.ts';
import type { ServiceAccount } from './service-account.ts';

const TIMEOUT_MS = 15 * SECOND_MS;
/** No device has it: FCM looks at key and project first, then calls it malformed. */
const NO_TOKEN = 'mostro-push-doctor';

/** How far a dry run came, and a word of Google's on it. */
export interface DryRun {
  /**
   * `oauth`: no access token was to be had; `project`: FCM does not let the key send for this project; `fcm`: it did not answer, or
   * not now; `accepted`: all is well but the device, which is none.
   */
  readonly result: 'oauth' | 'project' | 'fcm' | 'accepted';
  readonly reason: string;
}

export interface DryRunOptions {
  readonly account: ServiceAccount;
  readonly baseUrl: string;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  /** Told of the `Date` headers of Google's answers. */
  readonly onDate: (date: unknown) => void;
}

/** Asks Google all that a push asks, with `validate_only`: nobody is woken. Never rejects. */
export async function fcmDryRun(options: DryRunOptions): Promise<DryRun> {
  const { account, clock, onDate, telemetry } = options;
  const base = new URL(options.baseUrl);
  using auth = new GoogleAuth({ account, clock, onDate, telemetry });
  using deadline = new Deadlines(TIMEOUT_MS).begin();
  await using session = new Http2Session({ origin: base.origin, onDate });
  try {
    const token = await auth.accessToken();
    const wake = { kind: 'silent_wake', timestamp: 0 } as const;
    const message = JSON.parse(fcmMessage({ type: 'fcm', token: NO_TOKEN }, wake, 'silent')) as object;
    const headers = new FcmHeaders(base).with(token, account);
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
