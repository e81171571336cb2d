import { Agent, request, type Dispatcher } from 'undici';

import { SECOND_MS, type Clock } from '../../core/basics/clock.ts';
import type { Delivery, Push } from '../../core/lanes/delivery.ts';
import { describeError } from '../../core/basics/describe-error.ts';
import type { PushProvider } from '../../core/lanes/push-provider.ts';
import type { UnifiedPushTarget } from '../../core/registry/push-target.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { isNotPublic } from '../../net/public-lookup.ts';
import type { WayOut } from '../../net/way-out.ts';
import { Deadlines } from '../deadlines.ts';
import { retryAfterMs } from '../../net/retry-after.ts';
import { endpointConnector } from './endpoint-connector.ts';
import type { EndpointGuard } from './endpoint-guard.ts';
import { readUnifiedPushAnswer, VAPID_REFUSALS } from './unifiedpush-answer.ts';
import { VapidTokens, type VapidIdentity } from './vapid-tokens.ts';
import { wakeMessage, writeNotice, type Notice, type WrittenNotice } from './wake-message.ts';

const ATTEMPT_TIMEOUT_MS = 10 * SECOND_MS;
/** The body of an answer is not used. A body longer than this closes the connection, a shorter one is drained. */
const MAX_ANSWER_BYTES = 16 * 1024;
const DRAIN_TIMEOUT_MS = SECOND_MS;
/** The same number as a lane sends at once. */
const CONNECTIONS_PER_HOST = 16;
const NOT_ALLOWED: Delivery = { outcome: 'refused', reason: 'endpoint_not_allowed', blames: 'device' };

export interface UnifiedPushProviderOptions {
  readonly guard: EndpointGuard;
  readonly wayOut: WayOut;
  readonly vapid: VapidIdentity;
  /** The identity before a change of the server's key. Subscriptions of that time accept pushes by it alone. */
  readonly previousVapid?: VapidIdentity | undefined;
  /** Shown by browsers for the wakes of subscriptions. */
  readonly notice?: Notice | undefined;
  readonly clock: Clock;
  /** Measures the life of VAPID tokens, in milliseconds. Default: `clock`. */
  readonly monotonic?: Clock;
  readonly userAgent: string;
  readonly telemetry: Telemetry;
}

interface Answer {
  readonly status: number;
  /** The `Retry-After`, in milliseconds. */
  readonly afterMs: number | undefined;
}

/** UnifiedPush: Web Push (RFC 8030) if the app gave its keys, otherwise plain JSON (contract 4). */
export class UnifiedPushProvider implements PushProvider<UnifiedPushTarget> {
  readonly name = 'unifiedpush';
  readonly #options: UnifiedPushProviderOptions;
  readonly #vapid: VapidTokens;
  readonly #previousVapid: VapidTokens | undefined;
  readonly #notice: WrittenNotice;
  readonly #deadlines = new Deadlines(ATTEMPT_TIMEOUT_MS);
  readonly #drains = new Deadlines(DRAIN_TIMEOUT_MS);
  readonly #agent: Agent;

  constructor(options: UnifiedPushProviderOptions) {
    this.#options = options;
    const { clock, monotonic, previousVapid, vapid } = options;
    this.#vapid = new VapidTokens(vapid, clock, monotonic);
    this.#previousVapid = previousVapid && new VapidTokens(previousVapid, clock, monotonic);
    this.#notice = writeNotice(options.notice);
    const connect = endpointConnector(options.guard, options.wayOut, ATTEMPT_TIMEOUT_MS);
    this.#agent = new Agent({ connect, connections: CONNECTIONS_PER_HOST, maxHeaderSize: MAX_ANSWER_BYTES });
  }

  async send(target: UnifiedPushTarget, push: Push, signal: AbortSignal): Promise<Delivery> {
    const { guard, telemetry } = this.#options;
    // Checked again here: a literal address is never looked up, and the setting may have changed since the registration.
    if (!guard.allows(new URL(target.endpoint))) return NOT_ALLOWED;
    try {
      const { status, afterMs } = await this.#deadlines.run(signal, (inTime) =>
        this.#push(target, push, inTime),
      );
      return readUnifiedPushAnswer(status, afterMs, target.keys !== undefined);
    } catch (error) {
      if (isNotPublic(error)) return NOT_ALLOWED;
      telemetry.log('provider.unreachable', {
        provider: this.name,
        // Described only if the line is written: to read a stack takes long, and thousands of dead endpoints can fail in a minute.
        get error() {
          return describeError(error);
        },
      });
      return { outcome: 'retry', reason: 'unreachable' };
    }
  }

  /**
   * Pushes. If the push server refuses the VAPID token, pushes once more: with a token of the previous key, which an earlier subscription is
   * bound to (contract 4), or else with a fresh one (RFC 8292, 4.2).
   */
  async #push(target: UnifiedPushTarget, push: Push, signal: AbortSignal): Promise<Answer> {
    if (target.keys === undefined) return this.#post(target, push, signal);
    const { origin } = new URL(target.endpoint);
    const answer = await this.#post(target, push, signal, await this.#vapid.header(origin));
    if (!VAPID_REFUSALS.has(answer.status)) return answer;
    const previous = this.#previousVapid;
    if (previous === undefined) {
      this.#vapid.drop(origin);
      return this.#post(target, push, signal, await this.#vapid.header(origin));
    }
    const second = await this.#post(target, push, signal, await previous.header(origin));
    // Neither key: the tokens may be at fault, so the next push makes new ones.
    if (VAPID_REFUSALS.has(second.status)) for (const tokens of [this.#vapid, previous]) tokens.drop(origin);
    return second;
  }

  async #post(
    target: UnifiedPushTarget,
    push: Push,
    signal: AbortSignal,
    authorization?: string,
  ): Promise<Answer> {
    const { headers, body } = wakeMessage(target, push, this.#notice);
    const { statusCode: status, ...answer } = await request(target.endpoint, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: {
        ...headers,
        'user-agent': this.#options.userAgent,
        ...(authorization !== undefined && { authorization }),
      },
      body,
      signal,
    });
    await this.#drain(answer.body, signal);
    const { date, 'retry-after': retryAfter } = answer.headers;
    const afterMs = retryAfterMs(retryAfter, { now: this.#options.clock(), date });
    return { status, afterMs };
  }

  /** Drains the body, so that the connection can be used again. The status decided the delivery, so a failure here changes nothing. */
  async #drain(body: Dispatcher.ResponseData['body'], signal: AbortSignal): Promise<void> {
    const dump = (inTime: AbortSignal): Promise<void> =>
      body.dump({ limit: MAX_ANSWER_BYTES, signal: inTime });
    await this.#drains.run(signal, dump).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent.destroy();
  }
}
