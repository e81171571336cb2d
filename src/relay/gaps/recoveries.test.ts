import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { MINUTE_MS } from '../../core/basics/clock.ts';
import { WAKING_KINDS } from '../../core/nostr/nostr-event.ts';
import { Recoveries } from './recoveries.ts';
import { KindWatch } from '../live/kind-watch.ts';
import type { RelaySession } from '../live/relay-session.ts';
import { MemoryShare } from '../reconcile/memory-share.ts';
import { ReconcilingRelay } from '../reconcile/reconciling-relay.ts';
import { RELAY_TIMING } from '../connection/relay-timing.ts';

/** Two kinds that are subscribed to on one connection, of which no page is asked for yet. */
function setUp(): { recoveries: Recoveries; clock: FakeClock; wraps: KindWatch; messages: KindWatch } {
  const clock = new FakeClock();
  const [wraps, messages] = WAKING_KINDS.map(
    (kind) => new KindWatch({ kind, total: { events: 0 }, clock: clock.read, startedAt: clock.read() }),
  ) as [KindWatch, KindWatch];
  const recoveries = new Recoveries({
    relay: 'relay.example',
    session: {} as RelaySession,
    intake: {
      admit: () => 'unmatched',
      beginRecovery: () => {
        throw new Error('no recovery begins');
      },
      hasRegistrations: () => true,
    },
    telemetry: new FakeTelemetry(),
    timing: { ...RELAY_TIMING, unverified: { baseMs: 0, maxMs: 10 * MINUTE_MS, minMs: MINUTE_MS } },
    clock: clock.read,
    monotonic: clock.read,
    mayBegin: () => false,
    limits: () => ({}),
    onPage: () => undefined,
    onCrowded: () => undefined,
    reconciling: new ReconcilingRelay({
      share: new MemoryShare(0),
      clock: clock.read,
      monotonic: clock.read,
      watches: [],
    }),
  });
  return { recoveries, clock, wraps, messages };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('events that were dropped unverified are a gap once their key can be verified again, each kind after a wait of its own', () => {
  const { recoveries, clock, messages, wraps } = setUp();
  recoveries.noteUnverified(wraps, 'gap', clock.read());
  vi.advanceTimersByTime(MINUTE_MS / 2);
  recoveries.noteUnverified(messages, 'gap', clock.read());
  const gaps = [0, MINUTE_MS / 2, MINUTE_MS / 2].map((ms) => {
    vi.advanceTimersByTime(ms);
    return [wraps.hasGap, messages.hasGap];
  });
  expect(gaps).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ]);
});

test('events that were dropped unverified are a part of the gap of a connection that ends, before it ends or after, and no timer is left', () => {
  const { recoveries, clock, messages, wraps } = setUp();
  recoveries.noteUnverified(wraps, 'gap', clock.read());
  recoveries.close();
  recoveries.noteUnverified(messages, 'gap', clock.read());
  expect([wraps.hasGap, messages.hasGap, vi.getTimerCount()]).toEqual([true, true, 0]);
});
