import { SECOND_MS } from '../core/clock.ts';

/** The form that RFC 9110 (5.6.7) has senders use: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header: whole seconds or a date (RFC 9110, 10.2.3).
 *
 * @returns milliseconds from `now`, at least 0, or `undefined` when there is no usable header
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * SECOND_MS;
  // Date.parse takes almost anything for a date, and rubbish must not mean "at once".
  const date = HTTP_DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
