import type { BackoffOptions } from '../../core/basics/backoff.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';

export interface RelayTiming {
  /** How long a relay may take for the WebSocket handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** How long we wait for EOSE before a subscription is treated as live (contract 2), in milliseconds. */
  readonly eoseTimeoutMs: number;
  /** How long a relay that wants authentication may take to ask for it and to judge it (NIP-42), in milliseconds. */
  readonly authenticationTimeoutMs: number;
  /** How long a page of stored events may stand still before it counts as unanswered, in milliseconds. */
  readonly pageTimeoutMs: number;
  /** How long an empty page is kept open after its EOSE, where events may come after it, in milliseconds. */
  readonly eoseLingerMs: number;
  /** How often a connection is pinged, in milliseconds. */
  readonly pingIntervalMs: number;
  /** How long after a ping a connection may stay silent before it is given up, in milliseconds. */
  readonly pongTimeoutMs: number;
  /** A subscription that brings nothing for so long is asked for again: it may have been dropped. In milliseconds. */
  readonly silenceMs: number;
  /** The wait for a silence doubles up to this while nothing comes. */
  readonly maxSilenceMs: number;
  /** The same after a NOTICE, in which older relays say what newer ones say by CLOSED. */
  readonly silenceAfterNoticeMs: number;
  readonly reconnect: BackoffOptions;
  /** After a CLOSED that may pass. */
  readonly resubscribe: BackoffOptions;
  /** After a CLOSED by which a relay refuses a kind: slower, since it has said no. */
  readonly refused: BackoffOptions;
  /** After an event that was dropped unverified, before what the relay stored is asked for. */
  readonly unverified: BackoffOptions;
  /** Before a page that was refused is asked for again. */
  readonly nextPage: BackoffOptions;
  /** After misconduct (`relay-conduct.ts`). */
  readonly penalty: BackoffOptions;
  /** A connection that behaved for so long has paid its relay's penalties, in milliseconds. */
  readonly probationMs: number;
  /** How long what a relay says of its limits (NIP-11) is taken as true, in milliseconds. */
  readonly informationMs: number;
}

export const RELAY_TIMING: RelayTiming = {
  handshakeTimeoutMs: 10 * SECOND_MS,
  eoseTimeoutMs: 30 * SECOND_MS,
  authenticationTimeoutMs: 10 * SECOND_MS,
  pageTimeoutMs: 30 * SECOND_MS,
  // Relays that send EOSE first send the events as soon as they are read.
  eoseLingerMs: 300,
  // A peer that vanishes just after its pong is given up 30 seconds later.
  pingIntervalMs: 20 * SECOND_MS,
  pongTimeoutMs: 10 * SECOND_MS,
  // Well within the margin of a gap, so that a connection that is lost meanwhile hides nothing.
  silenceMs: 5 * MINUTE_MS,
  maxSilenceMs: HOUR_MS,
  silenceAfterNoticeMs: 30 * SECOND_MS,
  reconnect: { baseMs: SECOND_MS, maxMs: MINUTE_MS },
  resubscribe: { baseMs: 5 * SECOND_MS, maxMs: 5 * MINUTE_MS },
  refused: { baseMs: MINUTE_MS, maxMs: 30 * MINUTE_MS, minMs: 30 * SECOND_MS },
  // Longer than the minute in which a flooded key is not verified. Each costs a whole recovery, and a flood may go on for days.
  unverified: { baseMs: 2 * MINUTE_MS, maxMs: HOUR_MS, minMs: 65 * SECOND_MS },
  nextPage: { baseMs: SECOND_MS, maxMs: MINUTE_MS },
  penalty: { baseMs: MINUTE_MS, maxMs: 15 * MINUTE_MS, minMs: 30 * SECOND_MS },
  probationMs: 10 * MINUTE_MS,
  informationMs: 12 * HOUR_MS,
};
