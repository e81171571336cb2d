import fc from 'fast-check';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';

import { eventId } from '../../../test/support/events.ts';
import { KEY, openFileStore } from '../../../test/support/file-store.ts';
import {
  fcmTarget,
  registrationAt,
  tradeKey,
  unifiedPushTarget,
} from '../../../test/support/registrations.ts';
import { stateOf } from '../../../test/support/store-states.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/basics/clock.ts';
import type { PushTarget } from '../../core/registry/push-target.ts';
import { surveyStore } from '../file/survey-store.ts';

const NOW = Date.UTC(2026, 0, 1);
const UNSIGNED = { signed: false, now: 0 };
const key = fc.nat(6).map(tradeKey);
const target = fc.constantFrom<PushTarget[]>(fcmTarget('a'), fcmTarget('b'), unifiedPushTarget('a'), {
  ...unifiedPushTarget('w'),
  keys: { p256dh: 'B'.repeat(87), auth: 'a'.repeat(22) },
});
const step = fc.oneof(
  fc.record({ does: fc.constant('put' as const), key, target, signed: fc.boolean(), woken: fc.boolean() }),
  fc.record({ does: fc.constant('remove' as const), key }),
  fc.record({ does: fc.constant('forget' as const), target }),
  fc.record({ does: fc.constantFrom('rewrite' as const, 'reopen' as const) }),
);

test.each(['everything', 'endpoints'] as const)(
  'a store that keeps %s is opened with the contents with which it was closed, whatever was done to it',
  async (keeps) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
        let now = NOW;
        const options = { clock: () => now, keeps };
        let opened = await openFileStore(await tempDirectory(), options);
        for (const one of [...steps, { does: 'reopen' as const }]) {
          const { contents } = opened.store;
          now += MINUTE_MS;
          if (one.does === 'put') {
            const { key: tradePubkey, does: _, ...parts } = one;
            await contents.registrations.put(registrationAt(now, { tradePubkey, ...parts }));
          } else if (one.does === 'remove') await contents.registrations.remove(one.key, UNSIGNED);
          else if (one.does === 'forget') await contents.registrations.evict(one.target);
          else if (one.does === 'rewrite') await opened.store.rewrite();
          else {
            const before = stateOf(opened.store);
            const counts = contents.registrations.counts();
            await opened.store.close();
            opened = await openFileStore(dirname(opened.path), options);
            expect(stateOf(opened.store)).toEqual(before);
            if (keeps === 'everything') expect(opened.store.contents.registrations.counts()).toEqual(counts);
          }
        }
      }),
      { numRuns: 60 },
    );
  },
);

test('the instance and the conversation of a registration survive a start and a rewrite of the file', async () => {
  const named = [{ instance: 32_767 }, { isConversation: true }, {}];
  const registrations = named.map((parts, n) => registrationAt(NOW, { tradePubkey: tradeKey(n), ...parts }));
  const first = await openFileStore(await tempDirectory());
  for (const one of registrations) await first.store.contents.registrations.put(one);
  await first.store.close();
  for (const path of [first.path, first.path]) {
    const again = await openFileStore(dirname(path));
    expect(Object.values(stateOf(again.store))).toEqual(registrations);
    await again.store.rewrite();
    await again.store.close();
  }
});

test('after a start, the oldest registration is displaced first, whatever the order on the disk', async () => {
  const first = await openFileStore(await tempDirectory(), { capacity: 3 });
  const { registrations } = first.store.contents;
  for (const n of [1, 2, 3]) await registrations.put(registrationAt(NOW + n, { tradePubkey: tradeKey(n) }));
  // The first one is now the youngest.
  await registrations.put(registrationAt(NOW + 4, { tradePubkey: tradeKey(1) }));
  await first.store.rewrite();
  await first.store.close();
  const second = await openFileStore(dirname(first.path), { capacity: 3 });
  const late = registrationAt(NOW + HOUR_MS, { tradePubkey: tradeKey(5) });
  expect(await second.store.contents.registrations.put(late)).toBe('displaced');
  expect(Object.keys(stateOf(second.store)).toSorted()).toEqual([1, 3, 5].map(tradeKey));
});

test('a store that is opened again has its seen events, owed wakes and proofs of life', async () => {
  let now = NOW;
  const options = { clock: () => now, handlingMs: 1000 };
  const first = await openFileStore(await tempDirectory(), options);
  const { owed, proofs, seen } = first.store.contents;
  const [alice, bob] = [fcmTarget('alice'), fcmTarget('bob')];
  for (let n = 0; n < 50; n++) await seen.commit(eventId(n));
  owed.owe({ target: alice, kind: 'silent_wake', keys: [tradeKey(1)] });
  owed.owe({ target: alice, kind: 'silent_wake', keys: [tradeKey(1), tradeKey(2)] });
  owed.owe({ target: bob, kind: 'silent_wake', keys: [tradeKey(3)] });
  owed.pay(bob);
  proofs.note('wss://one.example', 14, NOW);
  proofs.note('wss://one.example', 14, NOW + 9999);
  proofs.note('wss://two.example', 14, NOW - 5000);
  await first.store.rewrite();
  await seen.commit(eventId(50));
  await first.store.close();

  now += 72 * HOUR_MS - 1;
  const second = await openFileStore(dirname(first.path), options);
  const again = second.store.contents;
  expect([0, 49, 50, 51].map((n) => again.seen.knows(eventId(n)))).toEqual([true, true, true, false]);
  expect([...again.owed.all()]).toEqual([
    { target: alice, kind: 'silent_wake', keys: [tradeKey(1), tradeKey(2)] },
  ]);
  expect(again.proofs.of('wss://one.example', 14)).toBe(NOW - 1000);
  expect(again.proofs.of('wss://one.example', 1059)).toBeUndefined();
  expect(again.proofs.latest()).toBe(NOW - 1000);
  now += 1;
  expect(again.seen.knows(eventId(0))).toBe(false);
  expect(again.hasExpiredIds).toBe(true);
});

test('a sweep removes an owed wake of a device without registrations', async () => {
  const { store } = await openFileStore(await tempDirectory());
  const { owed, registrations } = store.contents;
  await registrations.put(
    registrationAt(Date.now(), { tradePubkey: tradeKey(1), target: fcmTarget('alice') }),
  );
  owed.owe({ target: fcmTarget('alice'), kind: 'silent_wake', keys: [tradeKey(1)] });
  owed.owe({ target: fcmTarget('bob'), kind: 'silent_wake', keys: [tradeKey(2)] });
  await registrations.sweep(Date.now());
  expect([...owed.all()].map(({ target: one }) => one)).toEqual([fcmTarget('alice')]);
});

test('what an earlier version took for an FCM token is left out with its owed wake, and leaves the file', async () => {
  const first = await openFileStore(await tempDirectory());
  const { registrations, owed } = first.store.contents;
  const token = JSON.stringify({ endpoint: 'https://push.example/', keys: { auth: 'secret' } });
  await registrations.put(registrationAt(NOW, { tradePubkey: tradeKey(1) }));
  await registrations.put(registrationAt(NOW, { tradePubkey: tradeKey(2) }));
  await registrations.put(registrationAt(NOW, { tradePubkey: tradeKey(2), target: fcmTarget(token) }));
  owed.owe({ target: fcmTarget(token), kind: 'silent_wake', keys: [tradeKey(2)] });
  await first.store.close();
  const { store, telemetry } = await openFileStore(dirname(first.path));
  const { contents } = store;
  expect([
    contents.registrations.mayContain(tradeKey(1)),
    contents.registrations.mayContain(tradeKey(2)),
  ]).toEqual([true, false]);
  expect([contents.owed.size, contents.unusable]).toEqual([0, 2]);
  expect(telemetry.logged('store.tokens_refused')).toEqual([{ count: 2 }]);
  await contents.registrations.sweep(NOW);
  await store.close();
  const survey = await surveyStore(first.path, [KEY]);
  expect([[...survey.registrations.keys()], survey.owed]).toEqual([[tradeKey(1)], 0]);
});
