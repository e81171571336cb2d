import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FakeProvider } from '../../test/support/fake-provider.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { fcmTarget } from '../../test/support/registrations.ts';
import type { Delivery } from './delivery.ts';
import { PushQueue, type WakePriority } from './push-queue.ts';

const WAKE = { kind: 'silent_wake', timestamp: 1 } as const;
const STOPPED = { outcome: 'retry', reason: 'stopped' };
const FULL = { outcome: 'retry', reason: 'queue_full' };

function setUp(capacity = 100): {
  provider: FakeProvider;
  queue: PushQueue;
  push: (token: string, priority: WakePriority) => Promise<Delivery>;
} {
  const provider = new FakeProvider();
  const queue = new PushQueue({ provider, concurrency: 1, capacity, telemetry: new FakeTelemetry() });
  return { provider, queue, push: (token, priority) => queue.push(fcmTarget(token), WAKE, priority) };
}

/** Lets everything be delivered. @returns the tokens in the order in which their turn came */
async function deliverAll(provider: FakeProvider, pushes: readonly Promise<Delivery>[]): Promise<string[]> {
  for (let n = 0; n < pushes.length; n++)
    (await provider.attempts.atLeast(n + 1))[n]?.settle({ outcome: 'delivered' });
  await Promise.all(pushes);
  return provider.attempts.all.map(({ target }) => target.token);
}

describe('a wake of now', () => {
  test('goes before all that were recovered, however long those have waited', async () => {
    const { provider, push } = setUp();
    const pushes = [push('under way', 'recovered')];
    for (const token of ['a', 'b', 'c']) pushes.push(push(token, 'recovered'));
    pushes.push(push('now', 'live'));
    expect(await deliverAll(provider, pushes)).toEqual(['under way', 'now', 'a', 'b', 'c']);
  });

  test('does not stop the recovered one that is under way', () => {
    const { provider, push } = setUp();
    void push('under way', 'recovered');
    void push('now', 'live');
    expect(provider.attempts.all).toMatchObject([{ signal: { aborted: false } }]);
  });

  test('is what a push is when nothing is said of it', async () => {
    const { provider, queue, push } = setUp();
    const pushes = [push('under way', 'live'), push('old', 'recovered')];
    pushes.push(queue.push(fcmTarget('now'), WAKE));
    expect(await deliverAll(provider, pushes)).toEqual(['under way', 'now', 'old']);
  });
});

describe('whatever the mixture', () => {
  test('live ones come first and each kind keeps its order', async () => {
    const priorities = fc.array(fc.constantFrom('live', 'recovered'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(priorities, async (mixture) => {
        const { provider, push } = setUp();
        const pushes = [push('under way', 'live')];
        for (const [n, priority] of mixture.entries()) pushes.push(push(`${priority} ${n}`, priority));
        const of = (kind: WakePriority): string[] =>
          mixture.flatMap((priority, n) => (priority === kind ? [`${kind} ${n}`] : []));
        expect(await deliverAll(provider, pushes)).toEqual(['under way', ...of('live'), ...of('recovered')]);
      }),
      { numRuns: 100 },
    );
  });

  test('the capacity is one for both', async () => {
    const { provider, push } = setUp(2);
    const pushes = [push('under way', 'live'), push('a', 'recovered'), push('b', 'live')];
    expect(await Promise.all([push('c', 'live'), push('d', 'recovered')])).toEqual([FULL, FULL]);
    expect(await deliverAll(provider, pushes)).toHaveLength(3);
  });

  test('the size counts both, and what is under way', () => {
    const { queue, push } = setUp();
    for (const priority of ['live', 'recovered', 'live', 'recovered'] as const) void push('a', priority);
    expect(queue.size).toBe(4);
  });

  test('a drain waits for both', async () => {
    const { provider, queue, push } = setUp();
    const pushes = [push('a', 'recovered'), push('b', 'recovered'), push('c', 'live')];
    const drained = queue.drain(new AbortController().signal);
    await deliverAll(provider, pushes);
    expect(await drained).toBe(0);
  });

  test('a drain whose time is up gives both up', async () => {
    const { provider, queue, push } = setUp();
    const pushes = [push('under way', 'live'), push('a', 'recovered'), push('b', 'live')];
    expect(await queue.drain(AbortSignal.abort())).toBe(3);
    expect(await Promise.all(pushes.slice(1))).toEqual([STOPPED, STOPPED]);
    expect({ attempts: provider.attempts.count, size: queue.size }).toEqual({ attempts: 1, size: 1 });
  });
});
