import { Agent, request, type Dispatcher } from 'undici';

import { SECOND_MS, type Clock } from '../../core/clock.ts';
import type { Delivery, Wake } from '../../core/delivery.ts';
import { describeError } from '../../core/describe-error.ts';
import type { PushProvider } from '../../core/ports.ts';
import type { UnifiedPushTarget } from '../../core/push-target.ts';
import type { Telemetry } from '../../core/telemetry.ts';
import { withDeadline } from '../deadline.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { EndpointGuard } from './endpoint-guard.ts';
import { readUnifiedPushAnswer } from './unifiedpush-answer.ts';

const ATTEMPT_TIMEOUT_MS = 10 * SECOND_MS;
/** What a push server answers is not read; beyond this its connection is closed instead of drained. */
const MAX_ANSWER_BYTES = 16 * 1024;
const DRAIN_TIMEOUT_MS = SECOND_MS;
/** A quarter of the lane: one push server cannot take all of it. */
const CONNECTIONS_PER_HOST = 16;
/** The same day as FCM's: how long a push server may keep a wake for a phone that is off. */
const HEADERS = { 'content-type': 'application/json', ttl: '86400', urgency: 'high' };

export interface UnifiedPushProviderOptions {
  readonly guard: EndpointGuard;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/** UnifiedPush by endpoint URL, without keys: the wake as plain JSON (contract 4). */
export class UnifiedPushProvider implements PushProvider<UnifiedPushTarget> {
  readonly name = 'unifiedpush';
  readonly #options: UnifiedPushProviderOptions;
  readonly #agent: Agent;

  constructor(options: UnifiedPushProviderOptions) {
    this.#options = options;
    const { lookup } = options.guard;
    const connect = { timeout: ATTEMPT_TIMEOUT_MS, ...(lookup && { lookup }) };
    this.#agent = new Agent({ connect, connections: CONNECTIONS_PER_HOST, maxHeaderSize: MAX_ANSWER_BYTES });
  }

  async send({ endpoint }: UnifiedPushTarget, wake: Wake, signal: AbortSignal): Promise<Delivery> {
    const { clock, guard, telemetry } = this.#options;
    // Checked again, since a literal address never passes through the look-up and the setting may have changed.
    if (!guard.allows(new URL(endpoint)))
      return { outcome: 'refused', reason: 'endpoint_not_allowed', blames: 'device' };
    try {
      const { statusCode, headers } = await withDeadline(ATTEMPT_TIMEOUT_MS, signal, (deadline) =>
        this.#post(endpoint, wake, deadline),
      );
      return readUnifiedPushAnswer(statusCode, retryAfterMs(headers['retry-after'], clock()));
    } catch (error) {
      telemetry.log('provider.unreachable', { provider: this.name, error: describeError(error) });
      return { outcome: 'retry', reason: 'unreachable' };
    }
  }

  async #post(endpoint: string, wake: Wake, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    const answer = await request(endpoint, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: HEADERS,
      body: JSON.stringify({ type: wake.kind, timestamp: wake.timestamp }),
      signal,
    });
    // The status has been said by now: what happens to the rest changes nothing, and must not hold a slot for long.
    const drain = (inTime: AbortSignal): Promise<void> =>
      answer.body.dump({ limit: MAX_ANSWER_BYTES, signal: inTime });
    await withDeadline(DRAIN_TIMEOUT_MS, signal, drain).catch(() => undefined);
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
