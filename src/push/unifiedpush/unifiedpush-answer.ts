import type { Delivery } from '../../core/lanes/delivery.ts';

/** The answers of a push server that refuses our VAPID token, or demands one. */
export const VAPID_REFUSALS: ReadonlySet<number> = new Set([401, 403]);
/** ntfy: the topic has no subscriber at the moment. Says nothing about other endpoints. */
const NO_SUBSCRIBER = 507;
/** After these the device waits a minute, unless `Retry-After` says how long. */
const THROTTLED = new Set([429, NO_SUBSCRIBER]);
/** Statuses below 500 after which the push is retried: 408 too slow, 425 too early, 429 too many. */
const LATER = new Set([408, 425, 429]);

/**
 * What a push server's answer means for the wake (RFC 8030). A redirect is never followed, so 3xx counts as refused. An answer with a
 * `Retry-After` is never a refusal.
 *
 * @param afterMs the answer's `Retry-After`, in milliseconds
 * @param isSigned whether the request had a VAPID token
 */
export function readUnifiedPushAnswer(
  status: number,
  afterMs: number | undefined,
  isSigned = false,
): Delivery {
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  if (status === 410 || (status === 404 && afterMs === undefined)) return { outcome: 'gone' };
  if (status >= 500 || LATER.has(status)) {
    return {
      outcome: 'retry',
      reason: `http_${status}`,
      ...(THROTTLED.has(status) && { throttled: true }),
      ...(status === NO_SUBSCRIBER && { concerns: 'device' }),
      ...(afterMs !== undefined && { afterMs }),
    };
  }
  const about = isSigned && VAPID_REFUSALS.has(status) ? 'vapid_' : '';
  // Whatever the status means: a push server that says when to come again does not refuse for good.
  if (afterMs !== undefined)
    return { outcome: 'retry', reason: `${about}http_${status}`, concerns: 'device', afterMs };
  // Blames the device even if the fault may be ours: any client can register a push server of its own, which must not raise an alarm.
  return { outcome: 'refused', reason: `${about}http_${status}`, blames: 'device' };
}
