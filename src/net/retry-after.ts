import { SECOND_MS } from '../core/basics/clock.ts';

/** The date format that RFC 9110 (5.6.7) requires of senders: `Sun, 06 Nov 1994 08:49:37 GMT`. */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Reads a `Retry-After` header: whole seconds or a date (RFC 9110, 10.2.3).
 *
 * @param answer.now our time, in milliseconds since the epoch
 * @param answer.date the `Date` header of the same answer. Both dates are by the sender's clock, so their difference is right even if our
 *   clock is wrong
 * @returns milliseconds from now, at least 0; `undefined` without a usable header
 */
export function retryAfterMs(
  header: string | string[] | undefined,
  answer: { readonly now: number; readonly date?: string | string[] | undefined },
): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * SECOND_MS;
  // Only the exact format: Date.parse accepts almost any text, and nonsense must not mean "at once".
  const until = parseDate(text);
  return until === undefined ? undefined : Math.max(0, until - (parseDate(answer.date) ?? answer.now));
}

function parseDate(text: string | string[] | undefined): number | undefined {
  const date = typeof text === 'string' && HTTP_DATE.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : date;
}
