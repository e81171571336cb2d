import type { BackoffOptions } from '../core/backoff.ts';
import { MINUTE_MS, SECOND_MS } from '../core/clock.ts';

export interface RelayTiming {
  /** How long a relay may take for the WebSocket handshake, in milliseconds. */
  readonly handshakeTimeoutMs: number;
  /** How long we wait for EOSE before a subscription is treated as live (contract 2), in milliseconds. */
  readonly eoseTimeoutMs: number;
  /** How often a connection is pinged; one that stays silent for a whole interval is given up. In milliseconds. */
  readonly pingIntervalMs: number;
  readonly reconnect: BackoffOptions;
  /** After a CLOSED: slower, since the relay has said no. */
  readonly resubscribe: BackoffOptions;
}

export const RELAY_TIMING: RelayTiming = {
  handshakeTimeoutMs: 10 * SECOND_MS,
  eoseTimeoutMs: 30 * SECOND_MS,
  pingIntervalMs: 30 * SECOND_MS,
  reconnect: { baseMs: SECOND_MS, maxMs: MINUTE_MS },
  resubscribe: { baseMs: 5 * SECOND_MS, maxMs: 10 * MINUTE_MS },
};
