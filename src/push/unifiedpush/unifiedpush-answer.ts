import type { Delivery } from '../../core/delivery.ts';

/** Statuses below 500 that say "later": 429 too many, 408 and 425 too slow or too early. */
const LATER = new Set([408, 425, 429]);

/**
 * What a push server's answer means for the wake (RFC 8030). Redirects are never followed, so a 3xx is a refusal; ntfy's
 * 507, no subscriber at the moment, is a 5xx like others.
 *
 * @param afterMs the answer's `Retry-After`, in milliseconds
 */
export function readUnifiedPushAnswer(status: number, afterMs: number | undefined): Delivery {
  if (status >= 200 && status < 300) return { outcome: 'delivered' };
  if (status === 404 || status === 410) return { outcome: 'gone' };
  if (status >= 500 || LATER.has(status)) {
    return { outcome: 'retry', reason: `http_${status}`, ...(afterMs !== undefined && { afterMs }) };
  }
  return { outcome: 'refused', reason: `http_${status}` };
}
