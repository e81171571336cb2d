import { HOUR_MS } from '../../core/basics/clock.ts';
import type { LogFields } from '../../core/telemetry/log-events.ts';
import { failedDial, refusedHandshake, type DialFailure } from './dial-failure.ts';
import type { ConnectionEnd } from './dial.ts';
import type { Misconduct } from './relay-conduct.ts';

/** A relay that asks us to stay away longer is dialled after this time all the same. Its answer may be a slip. */
const LONGEST_ASKED_WAIT_MS = HOUR_MS;

const BANNED =
  'do nothing at first: the server dials again by itself; if this repeats, tell the relay’s operator or remove the relay from NOSTR_RELAYS';
const MISCONDUCT: Readonly<Record<Misconduct, string>> = {
  rubbish: 'the relay sent too many messages that make no sense',
  chatter: 'the relay sent too many pings, pongs, notices or tiny fragments',
};

/** What a status code of a WebSocket's close means (RFC 6455, 7.4.1, and the registry of IANA), and what helps. */
const CLOSES: Readonly<Record<number, readonly [meaning: string, remedy?: string]>> = {
  1001: ['the relay shuts down or restarts'],
  1006: ['the connection was cut'],
  1008: [
    'the relay does not want this connection',
    'ask the relay’s operator whether the relay admits this server, or remove it from NOSTR_RELAYS',
  ],
  1011: ['the relay has a fault of its own'],
  1012: ['the relay restarts'],
  1013: ['the relay is overloaded'],
};

/** Why there is no connection any more, or why none was made. */
export function lossOf({ answer, error, misconduct, status }: ConnectionEnd): DialFailure {
  if (misconduct !== undefined) return { reason: `${misconduct}: ${MISCONDUCT[misconduct]}`, remedy: BANNED };
  if (answer !== undefined) return refusedHandshake(answer);
  if (error !== undefined) return failedDial(error);
  const [meaning, remedy] = CLOSES[status] ?? ['the relay ended the connection'];
  return { reason: `closed (${status}): ${meaning}`, ...(remedy !== undefined && { remedy }) };
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
    reason,
    ...(remedy !== undefined && { message: remedy }),
  };
}
