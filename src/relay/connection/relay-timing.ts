import type { BackoffOptions } from '../../core/basics/backoff.ts';
import type { AuditBeat } from '../gaps/audit-schedule.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';

export interface AuditTiming {
  /** For kind 14. */
  readonly messages: AuditBeat;
  /** For kind 1059, where an audit asks for two days. */
  readonly wraps: AuditBeat;
  /** If the program, or the reading of a relay, stood still for so long, an audit follows. In milliseconds. */
  readonly standstillMs: number;
  /** If so many live events of a kind come within a second, an audit follows when the burst has ended. */
  readonly burstEvents: number;
  /** How long after a standstill or a burst, in milliseconds. What was under way has come by then. */
  readonly afterStandstillMs: number;
  /** How long after an audit its events may still come live, in milliseconds. Then the relay has not dropped them. */
  readonly confirmMs: number;
}

export interface RelayTiming {
  /** How long a relay may take for the WebSocket handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** How long a relay may take to send EOSE. After that the subscription counts as live (contract 2). In milliseconds. */
  readonly eoseTimeoutMs: number;
  /** How long a relay may say nothing to a live REQ with `limit: 0`. After that it is asked with `limit: 1` too. In milliseconds. */
  readonly limitZeroTimeoutMs: number;
  /** How long a relay may take to ask for authentication, and how long to judge it (NIP-42), in milliseconds. */
  readonly authenticationTimeoutMs: number;
  /** How long a relay may pause within a page of stored events, in milliseconds. */
  readonly pageTimeoutMs: number;
  /** How long an empty page stays open after EOSE, at a relay that may send events after EOSE, in milliseconds. */
  readonly eoseLingerMs: number;
  /** How often a connection is pinged, in milliseconds. */
  readonly pingIntervalMs: number;
  /** How long after a ping a connection may stay silent. After that it is ended. In milliseconds. */
  readonly pongTimeoutMs: number;
  /** How long a subscription may bring nothing. After that it is asked for again, since the relay may have dropped it. In milliseconds. */
  readonly silenceMs: number;
  /** `silenceMs` doubles up to this while no event comes, in milliseconds. */
  readonly maxSilenceMs: number;
  /** How long after the last page it is checked whether the relay still has the live subscriptions, in milliseconds. */
  readonly placeCheckMs: number;
  /** In such a check, how long a relay may take to send an event to the other subscription too, in milliseconds. */
  readonly placeCopyMs: number;
  /** The silence after a NOTICE, in milliseconds. Older relays send NOTICE where newer relays send CLOSED. */
  readonly silenceAfterNoticeMs: number;
  /** Before a lost relay is dialled again. */
  readonly reconnect: BackoffOptions;
  /** The longest wait before a dial while no relay at all is connected, in milliseconds. */
  readonly reconnectAloneMs: number;
  /** Before a subscription is asked for again, after a CLOSED that does not refuse the kind. */
  readonly resubscribe: BackoffOptions;
  /** The same after a CLOSED that refuses the kind. */
  readonly refused: BackoffOptions;
  /** Before a relay is asked again for an event that was dropped without a verification. */
  readonly unverified: BackoffOptions;
  /** Before a refused page is asked for again. */
  readonly nextPage: BackoffOptions;
  /** Before a relay is dialled again after misconduct (`relay-conduct.ts`). */
  readonly penalty: BackoffOptions;
  /** After a connection of this length, `penalty` starts small again, in milliseconds. */
  readonly probationMs: number;
  /** How often, and after what, a relay is asked whether it dropped events. */
  readonly audit: AuditTiming;
  /** How long the limits that a relay states (NIP-11) are not asked for again, in milliseconds. */
  readonly informationMs: number;
}

export const RELAY_TIMING: RelayTiming = {
  handshakeTimeoutMs: 10 * SECOND_MS,
  eoseTimeoutMs: 30 * SECOND_MS,
  limitZeroTimeoutMs: 2 * SECOND_MS,
  authenticationTimeoutMs: 10 * SECOND_MS,
  pageTimeoutMs: 30 * SECOND_MS,
  // A relay that sends EOSE too early sends its events right after it.
  eoseLingerMs: 300,
  // Together: a relay that vanishes just after its pong is noticed 30 seconds later.
  pingIntervalMs: 20 * SECOND_MS,
  pongTimeoutMs: 10 * SECOND_MS,
  // Much less than the 15 minutes that a recovery goes back before a gap.
  silenceMs: 5 * MINUTE_MS,
  maxSilenceMs: HOUR_MS,
  placeCheckMs: 10 * SECOND_MS,
  placeCopyMs: 2 * SECOND_MS,
  silenceAfterNoticeMs: 30 * SECOND_MS,
  reconnect: { baseMs: SECOND_MS, maxMs: MINUTE_MS },
  reconnectAloneMs: 15 * SECOND_MS,
  resubscribe: { baseMs: 5 * SECOND_MS, maxMs: 5 * MINUTE_MS },
  refused: { baseMs: MINUTE_MS, maxMs: 30 * MINUTE_MS, minMs: 30 * SECOND_MS },
  // Longer than the minute in which events for a flooded key are not verified. Each try is a whole recovery, and a flood may last for days.
  unverified: { baseMs: 2 * MINUTE_MS, maxMs: HOUR_MS, minMs: 65 * SECOND_MS },
  nextPage: { baseMs: SECOND_MS, maxMs: MINUTE_MS },
  penalty: { baseMs: MINUTE_MS, maxMs: 15 * MINUTE_MS, minMs: 30 * SECOND_MS },
  probationMs: 10 * MINUTE_MS,
  audit: {
    // At most the 15 minutes that a recovery goes back before a gap.
    messages: { minMs: 30 * SECOND_MS, baseMs: 5 * MINUTE_MS, maxMs: 15 * MINUTE_MS },
    // Gift wraps do not show whether the relay drops any, so their beat is always the same.
    wraps: { minMs: 5 * MINUTE_MS, baseMs: HOUR_MS, maxMs: HOUR_MS },
    standstillMs: 500,
    // Half of the smallest buffer for a reader that is known of a relay: 1024 events (rust-nostr).
    burstEvents: 512,
    afterStandstillMs: SECOND_MS,
    confirmMs: 5 * SECOND_MS,
  },
  informationMs: 12 * HOUR_MS,
};
