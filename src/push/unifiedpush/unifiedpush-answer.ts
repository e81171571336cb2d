import type { Delivery } from '../../core/delivery.ts';

/** What a push server says when it does not take our VAPID token, or wants one. */
export const VAPID_REFUSALS: ReadonlySet<number> = new Set([401, 403]);
/** Too many for now, and ntfy's way to say that nobody listens at the moment. */
const THROTTLED = new Set([429, 507]);
/** Statuses below 500 that say "later": 429 too many, 408 and 425 too slow or too early. */
const LATER = new Set([408, 425, 429]);

/**
 * What a push server's answer means for the wake (RFC 8030). Redirects are never followed, so a 3xx is a refusal; ntfy's
 * 507, no subscriber at the moment, is a 5xx like others.
 *
 * @param afterMs the answer's `Retry-After`, in milliseconds
 * @param isSigned whether the request bore a VAPID token
 */
export function readUnifiedPushAnswer(
  status: number,
  afterMs: number | undefined,
  isSigned = false,
): Delivery {
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  if (status === 404 || status === 410) return { outcome: 'gone' };
  if (status >= 500 || LATER.has(status)) {
    return {
      outcome: 'retry',
      reason: `http_${status}`,
      ...(THROTTLED.has(status) && { throttled: true }),
      ...(afterMs !== undefined && { afterMs }),
    };
  }
  const about = isSigned && VAPID_REFUSALS.has(status) ? 'vapid_' : '';
  // Also where we may be to blame: a push server is whatever a client registers, and must not be able to raise an alarm.
  return { outcome: 'refused', reason: `${about}http_${status}`, blames: 'device' };
}
