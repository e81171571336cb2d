import { expect, test } from 'vitest';

import { deferred } from '../../../test/support/deferred.ts';
import { DELIVERED, FAILED, GONE, keyWake, laneBench, REFUSED } from '../../../test/support/lane-bench.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { HOUR_MS } from '../basics/clock.ts';
import { addressOf, deviceOf, type PushTarget } from '../registry/push-target.ts';

const [K1, K2] = [tradeKey(1), tradeKey(2)];
const old = deviceOf(fcmTarget('old'));

test('a wake whose keys have all moved leaves its lane when the lane is told, and ends as the wake of the other device ends', async () => {
  const { ask, answer, lanes, moved, redirected, schedule, underWay } = laneBench();
  const end = ask('old');
  await answer(FAILED);
  moved.set(K1, 'new');
  await lanes.follow(old);
  expect(redirected).toMatchObject([{ keys: [K1], priority: 'live', kind: 'silent_wake' }]);
  expect(underWay()).toEqual(['new']);
  await answer(DELIVERED);
  expect(await end).toBe('sent');
  expect([lanes.pending, lanes.owed, schedule.pending]).toEqual([0, 0, 0]);
});

test.each([
  ['failed', FAILED, 'sent'],
  // The caller was told `owed` when the wake became owed.
  ['was refused', REFUSED, 'owed'],
  ['was told that the device is gone', GONE, 'owed'],
])(
  'a wake whose keys have all moved during an attempt leaves its lane after the attempt %s',
  async (_, answered, how) => {
    const { ask, answer, moved, tried } = laneBench();
    const end = ask('old');
    moved.set(K1, 'new');
    await answer(answered, 'old');
    expect(tried()).toEqual(['old', 'new']);
    await answer(DELIVERED);
    expect(await end).toBe(how);
  },
);

test('a wake whose keys have all moved is not lost when its device is evicted', async () => {
  const eviction = { confirmMs: 0, isGuarded: false };
  const { ask, answer, evicted, lanes, moved, tried } = laneBench({ eviction });
  void ask('old');
  await answer(GONE);
  moved.set(K1, 'new');
  await answer(GONE, 'old');
  expect([evicted, tried()]).toEqual([['old'], ['old', 'old', 'new']]);
  await answer(DELIVERED);
  expect([lanes.pending, lanes.owed]).toEqual([0, 0]);
});

test('a wake whose keys have all moved is looked up when its turn comes, though the lane was not told', async () => {
  const { ask, answer, moved, schedule, tried } = laneBench();
  void ask('old');
  await answer(REFUSED);
  moved.set(K1, 'new');
  await schedule.advance(HOUR_MS);
  expect(tried()).toEqual(['old', 'new']);
});

test('a wake whose turn comes while its lane asks where the wake is wanted moves to the other device once', async () => {
  const lookedUp = deferred();
  let lookUps = 0;
  const registrations = {
    renew: async () => undefined,
    evict: async () => undefined,
    async whereabouts(target: PushTarget) {
      if (lookUps === 0 || addressOf(target) === 'new') return { here: target, elsewhere: [] };
      // The lane asks first, and its answer comes last.
      if (lookUps++ === 1) await lookedUp.promise;
      return { here: undefined, elsewhere: [{ target: fcmTarget('new'), keys: [K1] }] };
    },
  };
  const { ask, answer, lanes, redirected, schedule, tried } = laneBench({}, { registrations });
  const end = ask('old');
  await answer(FAILED);
  lookUps = 1;
  const followed = lanes.follow(old);
  await schedule.advance(HOUR_MS);
  lookedUp.resolve();
  await followed;
  expect([redirected.length, tried()]).toEqual([1, ['old', 'new']]);
  await answer(DELIVERED, 'new');
  expect([await end, lanes.pending, lanes.owed, schedule.pending]).toEqual(['sent', 0, 0, 0]);
});

test('an owed wake whose keys have all moved does not go before live wakes at the other device', async () => {
  const { ask, answer, lanes, moved, redirected } = laneBench();
  void ask('old');
  await answer(REFUSED);
  moved.set(K1, 'new');
  await lanes.follow(old);
  expect(redirected).toMatchObject([{ priority: 'recovered' }]);
});

test('a wake for two keys, one of which has moved, goes to both devices, and has ended when both wakes have', async () => {
  const { ask, answer, lanes, moved, schedule, tried, renewed } = laneBench();
  let end: string | undefined;
  void ask('old', { keys: [K1, K2] }).then((how) => (end = how));
  await answer(FAILED);
  moved.set(K2, 'new');
  await lanes.follow(old);
  await schedule.advance(HOUR_MS);
  expect(tried()).toEqual(['old', 'new', 'old']);
  await answer(DELIVERED, 'old');
  expect(end).toBeUndefined();
  await answer(DELIVERED, 'new');
  await settled();
  expect(end).toBe('sent');
  expect(renewed).toEqual([[K1], [K2]]);
});

test('a wake whose keys have not moved keeps its device and its wait', async () => {
  const { ask, answer, lanes, redirected, schedule } = laneBench();
  void ask('old');
  await answer(REFUSED);
  await lanes.follow(old);
  expect([redirected.length, lanes.owed, schedule.pending]).toEqual([0, 1, 1]);
});

/** Registrations in which key 1 has moved to the device `new`, and the keys that were renewed. */
function movedRegistrations() {
  const renewed: string[] = [];
  const elsewhere = [{ target: fcmTarget('new'), keys: [K1] }];
  const registrations = {
    renew: async (_target: unknown, keys: Iterable<string>) => void renewed.push(...keys),
    evict: async () => undefined,
    whereabouts: async () => ({ here: undefined, elsewhere }),
  };
  return { registrations, renewed };
}

test('a wake to which a key was added while its keys were looked up keeps that key at its device', async () => {
  const wake = keyWake('old', {}, movedRegistrations());
  const wanted = await wake.stillWanted();
  wake.absorb(keyWake('old', { keys: [K2] }));
  expect([wanted.move?.('live').isWhole, wake.keys]).toEqual([false, [K2]]);
});

test('a wake that has absorbed a vouched wake is vouched at the device to which its keys move', () => {
  const wake = keyWake('old');
  wake.absorb(keyWake('old', { isVouched: true }));
  expect(wake.movedTo(fcmTarget('new'), [K1]).isVouched).toBe(true);
});

test('a chat wake that is delivered renews no registration', async () => {
  const { registrations, renewed } = movedRegistrations();
  await keyWake('old', { kind: 'chat_wake' }, { registrations }).onDelivered();
  expect(renewed).toEqual([]);
});

test('a uniform wake looks the same whatever asked for it, and what asked decides what is renewed and kept', async () => {
  const renewed: PushTarget[] = [];
  const owed: string[] = [];
  const context = {
    registrations: {
      renew: async (target: PushTarget) => void renewed.push(target),
      evict: async () => undefined,
      whereabouts: async (target: PushTarget) => ({ here: target, elsewhere: [] }),
    },
    owed: {
      owe: ({ kind }: { kind: string }) => void owed.push(kind),
      pay: () => undefined,
      find: () => undefined,
    },
  };
  const chat = keyWake('phone', { kind: 'chat_wake', priority: 'recovered' }, context);
  chat.isUniform = true;
  expect([chat.kind, chat.priority]).toEqual(['silent_wake', 'live']);
  await chat.onDelivered();
  chat.onOwed();
  expect([renewed, owed]).toEqual([[], ['chat_wake']]);
  // The other device's policy decides how the wake looks there.
  expect(chat.movedTo(fcmTarget('other'), [K1])).toMatchObject({ kind: 'chat_wake', priority: 'recovered' });
  // A wake that has not been sent becomes uniform with the one that it absorbs.
  const queued = keyWake('phone', { kind: 'chat_wake', priority: 'recovered' }, context);
  queued.absorb(chat);
  expect([queued.kind, queued.priority]).toEqual(['silent_wake', 'live']);
});
