import { describe, expect, test } from 'vitest';

import { unsignedEvent } from '../../test/support/events.ts';
import type { FakeClock } from '../../test/support/fake-clock.ts';
import type { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { liveRegistrations } from '../../test/support/live-registrations.ts';
import { fcmTarget, LIFETIME, tradeKey, unifiedPushTarget } from '../../test/support/registrations.ts';
import { HOUR_MS } from './clock.ts';
import type { Delivery, Wake } from './delivery.ts';
import type { NostrEvent } from './nostr-event.ts';
import type { EventOrigin } from './ports.ts';
import { addressOf, type PushTarget } from './push-target.ts';
import type { Registrations } from './registrations.ts';
import { Recovery } from './recovery.ts';
import { Waker } from './waker.ts';

const PHONE = fcmTarget('phone');

/** A waker whose pushes are answered as the test says: delivered, unless `answers` has another word for the address. */
function setUp(answers: Record<string, Delivery> = {}): {
  /** Wakes whomever the event is for. */
  wake: (event: NostrEvent, origin: EventOrigin) => Promise<boolean>;
  registrations: Registrations;
  clock: FakeClock;
  telemetry: FakeTelemetry;
  pushed: { target: PushTarget; wake: Wake }[];
} {
  const { registrations, clock, telemetry } = liveRegistrations();
  const pushed: { target: PushTarget; wake: Wake }[] = [];
  const push = async (target: PushTarget, wake: Wake): Promise<Delivery> => {
    pushed.push({ target, wake });
    return answers[addressOf(target)] ?? { outcome: 'delivered' };
  };
  const waker = new Waker({ registrations, push, clock: clock.read, telemetry });
  return {
    wake: async (event, origin) => waker.wake(await waker.addressed(event, origin), origin),
    registrations,
    clock,
    telemetry,
    pushed,
  };
}

function eventFor(keys: readonly number[], parts: Partial<NostrEvent> = {}): NostrEvent {
  return unsignedEvent({ tags: keys.map((n) => ['p', tradeKey(n)]), ...parts });
}

describe('an event wakes', () => {
  test('the device of its key, with the time and nothing else', async () => {
    const { wake, registrations, clock, pushed } = setUp();
    await registrations.register(tradeKey(1), PHONE, 'android');
    expect(await wake(eventFor([1]), 'live')).toBe(true);
    expect(pushed).toEqual([{ target: PHONE, wake: { kind: 'silent_wake', timestamp: clock.seconds } }]);
  });

  test('each device once, however many of its keys are named', async () => {
    const { wake, registrations, pushed } = setUp();
    for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
    await registrations.register(tradeKey(3), unifiedPushTarget('other'), 'android');
    await wake(eventFor([1, 2, 3]), 'live');
    expect(pushed.map(({ target }) => target)).toEqual([PHONE, unifiedPushTarget('other')]);
  });

  test('nobody whose registration has expired', async () => {
    const { wake, registrations, clock, pushed } = setUp();
    await registrations.register(tradeKey(1), PHONE, 'android');
    clock.advance(48 * HOUR_MS);
    expect(await wake(eventFor([1]), 'live')).toBe(true);
    expect(pushed).toEqual([]);
  });

  test('nobody who is not named', async () => {
    const { wake, registrations, pushed } = setUp();
    await registrations.register(tradeKey(1), PHONE, 'android');
    await wake(eventFor([2]), 'live');
    expect(pushed).toEqual([]);
  });
});

describe('a stored event', () => {
  test.each([
    ['of kind 1059 wakes nobody, however new', 1059, 3600, 0],
    ['of kind 14 wakes nobody when it is older than the registration', 14, -1, 0],
    ['of kind 14 wakes when it is of the second of the registration', 14, 0, 1],
    ['of kind 14 wakes when it is newer than the registration', 14, 60, 1],
  ])('%s', async (_, kind, later, wakes) => {
    const { wake, registrations, clock, pushed } = setUp();
    const created_at = clock.seconds + later;
    await registrations.register(tradeKey(1), PHONE, 'android');
    expect(await wake(eventFor([1], { kind, created_at }), 'stored')).toBe(true);
    expect(pushed).toHaveLength(wakes);
  });

  test.each(['live', new Recovery(() => undefined)] as const)(
    'wakes whatever its age when it is %s instead',
    async (origin) => {
      const { wake, registrations, pushed } = setUp();
      await registrations.register(tradeKey(1), PHONE, 'android');
      await wake(eventFor([1], { created_at: 1 }), origin);
      expect(pushed).toHaveLength(1);
    },
  );
});

describe('the outcome of a wake', () => {
  test('delivered: the registrations that were meant live on, the other ones of the device do not', async () => {
    const { wake, registrations, clock } = setUp();
    for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
    clock.advance(HOUR_MS);
    await wake(eventFor([1]), 'live');
    const [meant, other] = await Promise.all([1, 2].map((n) => registrations.find(tradeKey(n))));
    expect(meant).toMatchObject({ woken: true, expiresAt: clock.now + LIFETIME.ttlMs });
    expect(other).toMatchObject({ woken: false, expiresAt: clock.now + LIFETIME.ttlMs - HOUR_MS });
  });

  test('gone: the device is forgotten with every key of it, and the event is settled', async () => {
    const { wake, registrations } = setUp({ phone: { outcome: 'gone' } });
    for (const n of [1, 2]) await registrations.register(tradeKey(n), PHONE, 'android');
    expect(await wake(eventFor([1]), 'live')).toBe(true);
    expect(registrations.counts().total).toBe(0);
  });

  test('retry: the registration stays as it was, and the event is not settled', async () => {
    const { wake, registrations, clock } = setUp({ phone: { outcome: 'retry', reason: 'http_503' } });
    await registrations.register(tradeKey(1), PHONE, 'android');
    clock.advance(HOUR_MS);
    expect(await wake(eventFor([1]), 'live')).toBe(false);
    expect(await registrations.find(tradeKey(1))).toMatchObject({
      woken: false,
      expiresAt: clock.now + LIFETIME.ttlMs - HOUR_MS,
    });
  });

  test('refused: the registration stays, the event is settled, and the alarm names the reason', async () => {
    const { wake, registrations, telemetry } = setUp({ phone: { outcome: 'refused', reason: 'http_403' } });
    await registrations.register(tradeKey(1), PHONE, 'android');
    expect(await wake(eventFor([1]), 'live')).toBe(true);
    expect(registrations.mayHold(tradeKey(1))).toBe(true);
    expect(telemetry.logged('wake.refused')).toEqual([{ provider: 'fcm', reason: 'http_403' }]);
  });

  test('one device that must be tried again keeps the whole event unsettled', async () => {
    const { wake, registrations } = setUp({ phone: { outcome: 'retry', reason: 'x' } });
    await registrations.register(tradeKey(1), PHONE, 'android');
    await registrations.register(tradeKey(2), fcmTarget('other'), 'android');
    expect(await wake(eventFor([1, 2]), 'live')).toBe(false);
  });

  test('a key that was registered anew while its wake was under way is not renewed by it', async () => {
    const { wake, registrations } = setUp();
    await registrations.register(tradeKey(1), PHONE, 'android');
    const waking = wake(eventFor([1]), 'live');
    await registrations.register(tradeKey(1), fcmTarget('new phone'), 'android');
    await waking;
    expect(await registrations.find(tradeKey(1))).toMatchObject({
      target: fcmTarget('new phone'),
      woken: false,
    });
  });
});
