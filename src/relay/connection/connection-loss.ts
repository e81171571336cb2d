import { HOUR_MS } from '../../core/basics/clock.ts';
import type { LogFields } from '../../core/telemetry/log-events.ts';
import { failedDial, refusedHandshake, type DialFailure } from './dial-failure.ts';
import type { ConnectionEnd } from './dial.ts';

/** A relay that asks us to stay away longer is dialled after this time all the same. Its answer may be a slip. */
const LONGEST_ASKED_WAIT_MS = HOUR_MS;

/** Why there is no connection any more, or why none was made. */
export function lossOf({ answer, error, misconduct, status }: ConnectionEnd): DialFailure {
  if (misconduct !== undefined) return { reason: misconduct };
  if (answer !== undefined) return refusedHandshake(answer);
  return error === undefined ? { reason: `closed (${status})` } : failedDial(error);
}

/** How long the server that answered the handshake asks us to stay away, in milliseconds. */
export function askedWaitMs({ answer }: ConnectionEnd): number {
  return Math.min(answer?.retryAfterMs ?? 0, LONGEST_ASKED_WAIT_MS);
}

/** What the log says of it, besides the relay and the wait. */
export function lostFields(
  { answer, error, status }: ConnectionEnd,
  { reason, remedy }: DialFailure,
): LogFields {
  return {
    status: answer?.status ?? status,
    ...(answer === undefined && error !== undefined && { error }),
    ...((answer !== undefined || error !== undefined) && { reason }),
    ...(remedy !== undefined && { message: remedy }),
  };
}
