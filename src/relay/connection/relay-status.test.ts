import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { WakingKind } from '../../core/nostr/nostr-event.ts';
import { KindWatch, type KindTotal } from '../live/kind-watch.ts';
import { relayStatus, type RelayStatus, type RelayStatusOptions } from './relay-status.ts';

interface Watched {
  readonly total: KindTotal;
  readonly watch: KindWatch;
}

function watched(kind: WakingKind): Watched {
  const clock = new FakeClock();
  const total = { events: 0 };
  return { total, watch: new KindWatch({ kind, total, clock: clock.read, startedAt: clock.now }) };
}

/** An event of the kind comes live. */
function noteLive({ watch }: Watched): void {
  watch.noteLive({ id: 'e'.repeat(64), createdAt: 0 }, 0);
}

function statusOf(watches: readonly Watched[], parts: Partial<RelayStatusOptions> = {}): RelayStatus {
  return relayStatus({
    relay: 'relay.example',
    url: 'wss://relay.example',
    state: 'connected',
    authentication: 'none',
    reconnects: 0,
    discovered: false,
    ...parts,
    watches: watches.map(({ watch }) => watch),
  });
}

test('a relay is live as soon as one kind is, and serves the kinds that nothing speaks against', () => {
  const [wraps, messages] = [watched(1059), watched(14)];
  wraps.watch.goLive();
  expect(statusOf([wraps, messages])).toMatchObject({
    state: 'live',
    liveKinds: [1059],
    served: [1059],
    restricted: [],
    recovering: [],
  });
});

test('a relay serves no kind whose subscription it leaves unanswered, until EOSE or an event comes', () => {
  const both = [watched(1059), watched(14)];
  const [wraps, messages] = both as [Watched, Watched];
  for (const { watch } of both) watch.goLive(false);
  const { served, state, unanswered } = statusOf(both);
  expect({ served, state, unanswered }).toEqual({
    served: [],
    state: 'live',
    unanswered: [1059, 14],
  });
  expect(statusOf(both).restricted).toEqual([1059, 14].map((kind) => ({ kind, reason: 'unconfirmed' })));
  wraps.watch.noteAnswer();
  noteLive(messages);
  expect(statusOf(both)).toMatchObject({ served: [1059, 14], restricted: [], unanswered: [] });
});

test('a relay that closes a subscription three times in a row for a reason that should pass does not serve the kind, until EOSE comes', () => {
  const one = watched(14);
  for (let n = 0; n < 2; n++) one.watch.noteHitch('rate-limited');
  const before = statusOf([one]).restricted;
  one.watch.noteHitch('rate-limited');
  const after = statusOf([one]).restricted;
  one.watch.goLive();
  expect([before, after, statusOf([one]).restricted]).toEqual([
    [],
    [{ kind: 14, reason: 'rate-limited' }],
    [],
  ]);
});

test.each(['connecting', 'connected', 'waiting', 'banned'] as const)(
  'a relay is %s as its connection while no kind is live',
  (state) => {
    expect(statusOf([watched(14)], { state })).toMatchObject({ state, liveKinds: [], served: [] });
  },
);

test('a relay is shown with all that was said of it, and no watch', () => {
  expect(statusOf([], { reconnects: 3, discovered: true })).toEqual({
    relay: 'relay.example',
    url: 'wss://relay.example',
    state: 'connected',
    authentication: 'none',
    reconnects: 3,
    discovered: true,
    liveKinds: [],
    served: [],
    unanswered: [],
    restricted: [],
    recovering: [],
  });
});

test('a kind is restricted when the relay has refused it, until it is live after all', () => {
  const one = watched(1059);
  one.watch.refusal = 'restricted';
  const before = statusOf([one]);
  one.watch.goLive();
  expect([before.restricted, statusOf([one]).restricted]).toEqual([
    [{ kind: 1059, reason: 'restricted' }],
    [],
  ]);
});

test('a kind is restricted as withheld when others have delivered ten of it since it was live here, and this one none', () => {
  const one = watched(1059);
  one.total.events = 500;
  one.watch.goLive();
  one.total.events += 9;
  const before = statusOf([one]);
  one.total.events++;
  expect([before.restricted, before.served]).toEqual([[], [1059]]);
  expect(statusOf([one])).toMatchObject({
    liveKinds: [1059],
    served: [],
    restricted: [{ kind: 1059, reason: 'withheld' }],
  });
});

test('a kind is not withheld if the relay has delivered one of it, then or ever before', () => {
  const one = watched(1059);
  one.watch.goLive();
  one.total.events += 100;
  noteLive(one);
  expect(statusOf([one]).restricted).toEqual([]);
});

test('a kind is not withheld for events that others delivered before it was live here, whatever the reconnections', () => {
  const one = watched(14);
  one.total.events = 100;
  one.watch.goLive();
  one.watch.goSilent();
  expect(statusOf([one]).restricted).toEqual([]);
});

test.each(['pending', 'accepted', 'refused'] as const)(
  'a kind is restricted as unconfirmed when it is gift wraps, none came, and authentication is %s',
  (authentication) => {
    const both = [watched(1059), watched(14)];
    for (const { watch } of both) watch.goLive();
    expect(statusOf(both, { authentication })).toMatchObject({
      served: [14],
      restricted: [{ kind: 1059, reason: 'unconfirmed' }],
    });
  },
);

test('a kind is not unconfirmed any more once a gift wrap has come', () => {
  const one = watched(1059);
  one.watch.goLive();
  noteLive(one);
  expect(statusOf([one], { authentication: 'accepted' }).restricted).toEqual([]);
});

test('a kind is restricted by its refusal rather than by what is only suspected', () => {
  const one = watched(1059);
  one.watch.goLive();
  one.total.events += 100;
  one.watch.refusal = 'auth-required';
  expect(statusOf([one], { authentication: 'refused' }).restricted).toEqual([
    { kind: 1059, reason: 'auth-required' },
  ]);
});

test('a kind is being recovered while it is live and has a gap, taken over or not, until the recovery is finished', () => {
  const one = watched(14);
  one.watch.coverage.lose();
  const offline = statusOf([one]).recovering;
  one.watch.goLive();
  const waiting = statusOf([one]).recovering;
  const plan = one.watch.pagePlan(undefined);
  const underWay = statusOf([one]).recovering;
  if (plan !== undefined) one.watch.finishRecovery(plan.report());
  expect([offline, waiting, underWay, statusOf([one]).recovering]).toEqual([[], [14], [14], []]);
});

test('a kind is not being recovered any more when nobody is registered', () => {
  const one = watched(14);
  one.watch.goLive();
  one.watch.coverage.lose();
  one.watch.forgetGap();
  expect(statusOf([one]).recovering).toEqual([]);
});
