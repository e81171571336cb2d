import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FakeProvider } from '../../test/support/fake-provider.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { fcmTarget } from '../../test/support/registrations.ts';
import type { Delivery } from './delivery.ts';
import { PushQueue } from './push-queue.ts';

const WAKE = { kind: 'silent_wake', timestamp: 1 } as const;
const DELIVERED: Delivery = { outcome: 'delivered' };
const NEVER = new AbortController().signal;

function setUp({ concurrency = 2, capacity = 100 } = {}): {
  provider: FakeProvider;
  queue: PushQueue;
  telemetry: FakeTelemetry;
  push: (token: string) => Promise<Delivery>;
} {
  const provider = new FakeProvider();
  const telemetry = new FakeTelemetry();
  const queue = new PushQueue({ provider, concurrency, capacity, telemetry });
  return { provider, queue, telemetry, push: (token) => queue.push(fcmTarget(token), WAKE) };
}

/** Settles attempts as they come until all pushes are over. */
async function settleAll(provider: FakeProvider, pushes: readonly Promise<Delivery>[]): Promise<void> {
  for (let n = 0; n < pushes.length; n++) (await provider.attempts.atLeast(n + 1))[n]?.settle(DELIVERED);
  await Promise.all(pushes);
}

describe('a push', () => {
  test('is answered with what the provider says of it', async () => {
    const { provider, push } = setUp();
    const delivery = push('a');
    provider.attempts.all[0]?.settle({ outcome: 'gone' });
    expect(await delivery).toEqual({ outcome: 'gone' });
  });

  test('hands the provider its target and its wake', () => {
    const { provider, push } = setUp();
    void push('a');
    expect(provider.attempts.all[0]).toMatchObject({ target: fcmTarget('a'), wake: WAKE });
  });

  test('waits while as many as allowed are under way', async () => {
    const { provider, queue, push } = setUp({ concurrency: 2 });
    const pushes = ['a', 'b', 'c'].map(push);
    expect(provider.attempts.count).toBe(2);
    expect(queue.size).toBe(3);
    provider.attempts.all[1]?.settle(DELIVERED);
    await pushes[1];
    expect((await provider.attempts.atLeast(3))[2]?.target.token).toBe('c');
    expect(queue.size).toBe(2);
  });

  test('is taken in the order in which it came', async () => {
    const { provider, push } = setUp({ concurrency: 1 });
    const tokens = Array.from({ length: 20 }, (_, n) => `t${n}`);
    await settleAll(provider, tokens.map(push));
    expect(provider.attempts.all.map(({ target }) => target.token)).toEqual(tokens);
  });

  test('is counted when it is queued and when it is over', async () => {
    const { provider, push, telemetry } = setUp();
    await settleAll(provider, ['a', 'b', 'c'].map(push));
    expect(telemetry.total('wakes_queued', 'fcm')).toBe(3);
    expect(telemetry.total('pushes', 'fcm', 'delivered')).toBe(3);
  });
});

describe('the queue is bounded', () => {
  test('what comes when as many wait as may is turned away', async () => {
    const { provider, push, telemetry } = setUp({ concurrency: 1, capacity: 2 });
    const pushes = ['under way', 'first', 'second'].map(push);
    expect(await push('too many')).toEqual({ outcome: 'retry', reason: 'queue_full' });
    expect(telemetry.total('wakes_turned_away', 'fcm')).toBe(1);
    await settleAll(provider, pushes);
    expect(provider.attempts.count).toBe(3);
  });

  test('there is room again when one has been taken', async () => {
    const { provider, push } = setUp({ concurrency: 1, capacity: 1 });
    const pushes = ['a', 'b'].map(push);
    provider.attempts.all[0]?.settle(DELIVERED);
    await provider.attempts.atLeast(2);
    pushes.push(push('c'));
    await settleAll(provider, pushes);
    expect(await pushes[2]).toEqual(DELIVERED);
  });

  test('never more are under way than allowed, and every push gets one answer, in order', async () => {
    const limits = fc.record({ concurrency: fc.integer({ min: 1, max: 8 }), count: fc.nat(60) });
    await fc.assert(
      fc.asyncProperty(limits, fc.array(fc.nat(), { minLength: 60, maxLength: 60 }), async (limit, dice) => {
        const { provider, queue, push } = setUp({ concurrency: limit.concurrency });
        const pushes = Array.from({ length: limit.count }, (_, n) => push(`t${n}`));
        const open = new Set<number>();
        for (let n = 0, begun = 0; n < limit.count; n++) {
          const expected = Math.min(limit.count, n + limit.concurrency);
          for (await provider.attempts.atLeast(expected); begun < expected; begun++) open.add(begun);
          const chosen = [...open][(dice[n] as number) % open.size] as number;
          open.delete(chosen);
          provider.attempts.all[chosen]?.settle({ outcome: 'retry', reason: `${chosen}` });
        }
        const reasons = (await Promise.all(pushes)).map(
          (delivery) => 'reason' in delivery && delivery.reason,
        );
        expect(reasons).toEqual(pushes.map((_, n) => String(n)));
        expect(provider.peak).toBe(Math.min(limit.concurrency, limit.count));
        expect(await queue.drain(NEVER)).toBe(0);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a provider that throws', () => {
  test('is a fault of ours: the push may be tried again, and the message stays unsaid', async () => {
    const { provider, push, telemetry } = setUp();
    const delivery = push('a');
    provider.attempts.all[0]?.fail(new TypeError('the secret token'));
    expect(await delivery).toEqual({ outcome: 'retry', reason: 'provider_fault' });
    expect(telemetry.logged('provider.fault')).toMatchObject([{ provider: 'fcm' }]);
    expect(JSON.stringify(telemetry.lines)).not.toContain('the secret token');
  });

  test('does not stop the others', async () => {
    const { provider, push } = setUp({ concurrency: 1 });
    const pushes = ['a', 'b'].map(push);
    provider.attempts.all[0]?.fail(new Error('x'));
    (await provider.attempts.atLeast(2))[1]?.settle(DELIVERED);
    expect(await pushes[1]).toEqual(DELIVERED);
  });

  test('may even throw before it returns a promise', async () => {
    const { provider, push, queue } = setUp();
    provider.send = (): never => {
      throw new Error('x');
    };
    expect(await push('a')).toEqual({ outcome: 'retry', reason: 'provider_fault' });
    expect(await queue.drain(NEVER)).toBe(0);
  });
});
