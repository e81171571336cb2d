import type { Delivery } from '../../core/lanes/delivery.ts';

/** What a push server says when it does not take our VAPID token, or wants one. */
export const VAPID_REFUSALS: ReadonlySet<number> = new Set([401, 403]);
/** ntfy's way to say that nobody subscribes to this topic at the moment: it says nothing of any other endpoint. */
const NOBODY_SUBSCRIBES = 507;
/** Answers after which the device waits a minute where no `Retry-After` says for how long. */
const THROTTLED = new Set([429, NOBODY_SUBSCRIBES]);
/** Statuses below 500 that say "later": 429 too many, 408 and 425 too slow or too early. */
const LATER = new Set([408, 425, 429]);

/**
 * What a push server's answer means for the wake (RFC 8030). Redirects are never followed, so a 3xx is a refusal.
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
      ...(status === NOBODY_SUBSCRIBES && { concerns: 'device' }),
      ...(afterMs !== undefined && { afterMs }),
    };
  }
  const about = isSigned && VAPID_REFUSALS.has(status) ? 'vapid_' : '';
  // Also where we may be to blame: a push server is whatever a client registers, and must not be able to raise an alarm.
  return { outcome: 'refused', reason: `${about}http_${status}`, blames: 'device' };
}
