import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { admissionWithOneKey } from '../../../test/support/admission.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { unsignedEvent } from '../../../test/support/events.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import { KindWatch } from './kind-watch.ts';
import { LiveRequest } from './live-request.ts';
import { RelaySession } from './relay-session.ts';
import type { BurstWatch } from './burst-watch.ts';
import type { SilenceWatch } from './silence-watch.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A request for kind 14 of a relay that says what the test sends. */
async function setUp() {
  const sent: (readonly unknown[])[] = [];
  const became: string[] = [];
  const { admission: intake } = await admissionWithOneKey();
  const telemetry = new FakeTelemetry();
  const { read: clock } = new FakeClock();
  const session = new RelaySession({
    relay: 'relay.example',
    conduct: {} as RelayConduct,
    authentication: {} as RelayAuthentication,
    telemetry,
    send: (message) => sent.push(message),
    onNotice: () => undefined,
    maxSubscriptionId: undefined,
    arrangement: 'apart',
    onTooMany: () => undefined,
  });
  const watch = new KindWatch({ kind: 14, total: { events: 0 }, clock, startedAt: clock() });
  const ask = (): LiveRequest =>
    new LiveRequest({
      relay: 'relay.example',
      watch,
      silence: {} as SilenceWatch,
      burst: {} as BurstWatch,
      session,
      intake,
      telemetry,
      clock,
      eoseTimeoutMs: 30_000,
      limitZeroTimeoutMs: 2000,
      onLive: () => became.push('live'),
      onUnverified: () => undefined,
      onClosed: (reason) => became.push(reason),
      onFirstEvent: () => undefined,
    });
  const lastId = (): unknown => sent.findLast(([type]) => type === 'REQ')?.[1];
  const receive = (type: string, ...rest: readonly unknown[]): void =>
    session.receive(Buffer.from(JSON.stringify([type, lastId(), ...rest])), false);
  const types = (): string[] =>
    sent.map(([type, , filter]) => `${type as string} ${(filter as { limit?: number })?.limit ?? ''}`.trim());
  return { ask, became, receive, types };
}

test('a live REQ that gets no answer for two seconds is replaced by one with limit 1', async () => {
  const { ask, became, receive, types } = await setUp();
  ask();
  vi.advanceTimersByTime(1999);
  expect(types()).toEqual(['REQ 0']);
  vi.advanceTimersByTime(1);
  expect(types()).toEqual(['REQ 0', 'CLOSE', 'REQ 1']);
  receive('EOSE');
  expect(became).toEqual(['live']);
  ask();
  expect(types().at(-1)).toBe('REQ 1');
});

test('a live REQ that gets stored events, which nobody asked for, is not replaced', async () => {
  const { ask, became, receive, types } = await setUp();
  ask();
  receive('EVENT', unsignedEvent({ kind: 14 }));
  vi.advanceTimersByTime(29_000);
  receive('EOSE');
  expect(types()).toEqual(['REQ 0']);
  expect(became).toEqual(['live']);
});

test('a live REQ that gets no answer with either limit is live after 30 seconds', async () => {
  const { ask, became, types } = await setUp();
  ask();
  vi.advanceTimersByTime(30_000);
  expect(became).toEqual(['live']);
  expect(types()).toEqual(['REQ 0', 'CLOSE', 'REQ 1']);
});

test('a live REQ that is refused with both limits is refused', async () => {
  const { ask, became, receive, types } = await setUp();
  ask();
  receive('CLOSED', 'invalid: limit');
  expect(became).toEqual([]);
  receive('CLOSED', 'invalid: limit');
  expect(became).toEqual(['invalid']);
  vi.advanceTimersByTime(30_000);
  expect(types()).toEqual(['REQ 0', 'REQ 1']);
});
