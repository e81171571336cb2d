import { expect, test } from 'vitest';

import { MINUTE_MS } from '../../core/basics/clock.ts';
import { RELAY_TIMING } from './relay-timing.ts';

test('a peer that vanishes without a word is replaced within a minute, at the worst of every wait', () => {
  const { pingIntervalMs, pongTimeoutMs, reconnect, handshakeTimeoutMs } = RELAY_TIMING;
  expect(pingIntervalMs + pongTimeoutMs + reconnect.baseMs + handshakeTimeoutMs).toBeLessThan(MINUTE_MS);
});

test('a subscription that was dropped is missed well within the margin that a recovery goes back', () => {
  const { silenceMs, eoseTimeoutMs } = RELAY_TIMING;
  expect(silenceMs + eoseTimeoutMs).toBeLessThan(15 * MINUTE_MS);
});
