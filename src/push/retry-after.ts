import { SECOND_MS } from '../core/clock.ts';

/**
 * Reads a `Retry-After` header: whole seconds or a date (RFC 9110, 10.2.3).
 *
 * @returns milliseconds from `now`, at least 0, or `undefined` when there is no usable header
 */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text) * SECOND_MS;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
