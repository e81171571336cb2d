import { expect, test } from 'vitest';

import { unsignedEvent } from '../../../test/support/events.ts';
import type { FakeClock } from '../../../test/support/fake-clock.ts';
import { noCoalescing } from '../../../test/support/no-coalescing.ts';
import {
  fcmTarget,
  tradeKey,
  unifiedPushTarget,
  liveRegistrations,
} from '../../../test/support/registrations.ts';
import { HOUR_MS } from '../basics/clock.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';
import type { EventOrigin } from './recovery.ts';
import { addressOf, deviceOf } from '../registry/push-target.ts';
import type { Registrations } from '../registry/registrations.ts';
import { Recovery } from './recovery.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import type { KeyWake } from './key-wake.ts';
import { Waker } from './waker.ts';

const PHONE = fcmTarget('phone');

/** A waker whose wakes end as the test says: sent, unless `answers` has another word for the address. */
function setUp(answers: Record<string, WakeEnd> = {}): {
  /** Wakes the devices that the event is for. */
  wake: (event: NostrEvent, origin: EventOrigin) => Promise<WakeEnd>;
  registrations: Registrations;
  clock: FakeClock;
  pushed: Wake[];
  /** The last wake of this list is unsent in the lanes, for any device. */
  unsent: Wake[];
  /** Whether an unsent wake answers the event. */
  areUnsent: (event: NostrEvent) => Promise<boolean>;
} {
  const { registrations, clock } = liveRegistrations();
  const pushed: Wake[] = [];
  const unsent: Wake[] = [];
  const lanes = {
    async request(request: Wake): Promise<WakeEnd> {
      pushed.push(request);
      return answers[addressOf(request.target)] ?? 'sent';
    },
    unsent: () => unsent.at(-1),
    follow: async () => true,
  };
  const waker = new Waker({ registrations, lanes, ...noCoalescing(lanes) });
  return {
    wake: async (event, origin) => waker.request(await waker.wakesFor(event, origin), origin),
    registrations,
    clock,
    pushed,
    unsent,
    areUnsent: async (event) => waker.areUnsent(await waker.wakesFor(event, 'live')),
  };
}

function eventFor(keys: readonly number[], parts: Partial<NostrEvent> = {}): NostrEvent {
  return unsignedEvent({ tags: keys.map((n) => ['p', tradeKey(n)]), ...parts });
}

test('an event wakes the device of its key, with a wake for that key', async () => {
  const { wake, registrations, pushed } = setUp();
  await registrations.register(tradeKey(1), PHONE, 'android');
  expect(await wake(eventFor([1]), 'live')).toBe('sent');
  const request = { target: PHONE, device: deviceOf(PHONE), keys: [tradeKey(1)] };
  expect(pushed).toMatchObject([{ ...request, kind: 'silent_wake', priority: 'live' }]);
});

test('an event wakes each device once, however many of its keys are named', async () => {
  const { wake, registrations, pushed } = setUp();
  for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
  await registrations.register(tradeKey(3), unifiedPushTarget('other'), 'android');
  await wake(eventFor([1, 2, 3]), 'live');
  expect(pushed.map(({ target }) => target)).toEqual([PHONE, unifiedPushTarget('other')]);
});

test('an event wakes no device whose registration has expired', async () => {
  const { wake, registrations, clock, pushed } = setUp();
  await registrations.register(tradeKey(1), PHONE, 'android');
  clock.advance(48 * HOUR_MS);
  expect(await wake(eventFor([1]), 'live')).toBe('sent');
  expect(pushed).toEqual([]);
});

test('an event wakes no device of a key that it does not name', async () => {
  const { wake, registrations, pushed } = setUp();
  await registrations.register(tradeKey(1), PHONE, 'android');
  await wake(eventFor([2]), 'live');
  expect(pushed).toEqual([]);
});

test.each([
  ['of kind 1059 wakes no device, however new', 1059, 3600, 0],
  ['of kind 14 wakes no device when it is older than the registration', 14, -1, 0],
  ['of kind 14 wakes when it is of the second of the registration', 14, 0, 1],
  ['of kind 14 wakes when it is newer than the registration', 14, 60, 1],
])('a stored event %s', async (_, kind, later, wakes) => {
  const { wake, registrations, clock, pushed } = setUp();
  const created_at = clock.seconds + later;
  await registrations.register(tradeKey(1), PHONE, 'android');
  expect(await wake(eventFor([1], { kind, created_at }), 'stored')).toBe('sent');
  expect(pushed).toHaveLength(wakes);
});

test.each(['live', new Recovery(() => undefined)] as const)(
  'an event of any age wakes if it is not stored but %s',
  async (origin) => {
    const { wake, registrations, pushed } = setUp();
    await registrations.register(tradeKey(1), PHONE, 'android');
    await wake(eventFor([1], { created_at: 1 }), origin);
    expect(pushed).toHaveLength(1);
  },
);

test('a key whose wake was sent within the recovery for another key of its device is renewed as well', async () => {
  const { wake, registrations, clock } = setUp();
  for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
  const recovery = new Recovery(() => undefined);
  clock.advance(40 * HOUR_MS);
  for (const n of [1, 2]) await wake(eventFor([n]), recovery);
  clock.advance(10 * HOUR_MS);
  expect(await registrations.find(tradeKey(2))).toBeDefined();
});

test.each(['sent', 'owed', 'dropped'] as const)(
  'the wake of an event for one device ended: %s',
  async (end) => {
    const { wake, registrations } = setUp({ phone: end });
    await registrations.register(tradeKey(1), PHONE, 'android');
    expect(await wake(eventFor([1]), 'live')).toBe(end);
  },
);

test('what a recovery does with an event tells nothing about which device of a group it is for', async () => {
  const { registrations } = liveRegistrations();
  const pushed: string[] = [];
  const lanes = {
    request: async ({ target }: Wake): Promise<WakeEnd> => (pushed.push(addressOf(target)), 'sent'),
    unsent: () => undefined,
    follow: async () => true,
  };
  const { instances, policy } = noCoalescing(lanes);
  policy.groupOf = () => 'a cohort';
  const waker = new Waker({ registrations, lanes, instances, policy });
  const absorbed: boolean[] = [];
  for (const [n, second] of ['phone', 'other'].entries()) {
    const recovery = new Recovery(() => undefined);
    await registrations.register(tradeKey(1), PHONE, 'android');
    await registrations.register(tradeKey(2 + n), fcmTarget(second), 'android');
    await waker.request(await waker.wakesFor(eventFor([1]), recovery), recovery);
    const wakes = await waker.wakesFor(eventFor([2 + n]), recovery);
    absorbed.push(waker.areRecovered(wakes, recovery));
    await waker.request(wakes, recovery);
  }
  expect([absorbed, pushed]).toEqual([
    [true, true],
    ['phone', 'phone'],
  ]);
});

test('the wakes of an event for two devices end as dropped if one of them was dropped', async () => {
  const { wake, registrations } = setUp({ phone: 'dropped' });
  await registrations.register(tradeKey(1), PHONE, 'android');
  await registrations.register(tradeKey(2), fcmTarget('other'), 'android');
  expect(await wake(eventFor([1, 2]), 'live')).toBe('dropped');
});

test('an event is answered by an unsent wake for its key, and not by one for another key of the device', async () => {
  const { areUnsent, wake, registrations, pushed, unsent } = setUp();
  for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
  await wake(eventFor([1]), 'live');
  unsent.push(...pushed);
  expect([await areUnsent(eventFor([1])), await areUnsent(eventFor([2]))]).toEqual([true, false]);
});

test('an event is not answered by an unsent wake of a policy under which all wakes look the same', async () => {
  const { areUnsent, wake, registrations, pushed, unsent } = setUp();
  await registrations.register(tradeKey(1), PHONE, 'android');
  await wake(eventFor([1]), 'live');
  unsent.push(...pushed);
  for (const one of pushed) (one as KeyWake).isUniform = true;
  expect(await areUnsent(eventFor([1]))).toBe(false);
});

test('an event for two keys of one device is answered by an unsent wake only if the wake is for both keys', async () => {
  const { areUnsent, wake, registrations, pushed, unsent } = setUp();
  for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
  for (const keys of [[1], [1, 2]]) await wake(eventFor(keys), 'live');
  unsent.push(...pushed.slice(0, 1));
  expect(await areUnsent(eventFor([1, 2]))).toBe(false);
  unsent.push(...pushed.slice(1));
  expect(await areUnsent(eventFor([1, 2]))).toBe(true);
});

test('an event asks for no wake of a device whose policy heeds no event', async () => {
  const { registrations } = liveRegistrations();
  await registrations.register(tradeKey(1), PHONE, 'android');
  await registrations.register(tradeKey(2), fcmTarget('other'), 'android');
  const lanes = {
    request: async (): Promise<WakeEnd> => 'sent',
    unsent: () => undefined,
    follow: async () => true,
  };
  const { instances, policy } = noCoalescing(lanes);
  policy.heeds = (device) => device !== deviceOf(PHONE);
  const waker = new Waker({ registrations, lanes, instances, policy });
  const wakes = await waker.wakesFor(eventFor([1, 2]), 'live');
  expect(wakes.map(({ target }) => target)).toEqual([fcmTarget('other')]);
  expect([await waker.isUnheeded(eventFor([1])), await waker.isUnheeded(eventFor([2]))]).toEqual([
    true,
    false,
  ]);
  expect(waker.wakeFor(PHONE)).toMatchObject({ target: PHONE, keys: [tradeKey(1)] });
  expect(waker.wakeFor(fcmTarget('unknown'))).toBeUndefined();
});
