import { describe, expect, test } from 'vitest';

import { FakeProvider } from '../../test/support/fake-provider.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { fcmTarget, unifiedPushTarget } from '../../test/support/registrations.ts';
import type { Delivery } from './delivery.ts';
import { PushLanes } from './push-lanes.ts';
import { PushQueue } from './push-queue.ts';

const WAKE = { kind: 'silent_wake', timestamp: 1 } as const;
const STOPPED = { outcome: 'retry', reason: 'stopped' };

function setUp(): { provider: FakeProvider; queue: PushQueue; push: (token: string) => Promise<Delivery> } {
  const provider = new FakeProvider();
  const queue = new PushQueue({ provider, concurrency: 1, capacity: 10, telemetry: new FakeTelemetry() });
  return { provider, queue, push: (token) => queue.push(fcmTarget(token), WAKE) };
}

describe('a queue that is drained', () => {
  test('is done at once when it is empty, and has lost nothing', async () => {
    expect(await setUp().queue.drain(new AbortController().signal)).toBe(0);
  });

  test('waits until everything has been delivered', async () => {
    const { provider, queue, push } = setUp();
    const pushes = ['a', 'b'].map(push);
    const drained = queue.drain(new AbortController().signal);
    provider.attempts.all[0]?.settle({ outcome: 'delivered' });
    (await provider.attempts.atLeast(2))[1]?.settle({ outcome: 'delivered' });
    expect(await drained).toBe(0);
    expect(await Promise.all(pushes)).toEqual([{ outcome: 'delivered' }, { outcome: 'delivered' }]);
  });

  test('gives up at the signal what waits and what is under way, and says how many', async () => {
    const { provider, queue, push } = setUp();
    const pushes = ['a', 'b', 'c'].map(push);
    const time = new AbortController();
    const drained = queue.drain(time.signal);
    time.abort();
    expect(await drained).toBe(3);
    expect(await Promise.all(pushes.slice(1))).toEqual([STOPPED, STOPPED]);
    expect(provider.attempts.count).toBe(1);
  });

  test('tells the attempt under way to stop when time is up', async () => {
    const { provider, queue, push } = setUp();
    void push('a');
    const before = provider.attempts.all[0]?.signal.aborted;
    await queue.drain(AbortSignal.abort());
    expect([before, provider.attempts.all[0]?.signal.aborted]).toEqual([false, true]);
  });

  test('still passes on the answer of an attempt that ends after its time', async () => {
    const { provider, queue, push } = setUp();
    const late = push('a');
    await queue.drain(AbortSignal.abort());
    provider.attempts.all[0]?.settle({ outcome: 'delivered' });
    expect(await late).toEqual({ outcome: 'delivered' });
  });

  test('takes nothing more', async () => {
    const { provider, queue, push } = setUp();
    await queue.drain(new AbortController().signal);
    expect(await push('a')).toEqual(STOPPED);
    expect(provider.attempts.count).toBe(0);
  });

  test('starts none of those that it gave up', async () => {
    const { provider, queue, push } = setUp();
    const pushes = ['a', 'b'].map(push);
    await queue.drain(AbortSignal.abort());
    provider.attempts.all[0]?.settle({ outcome: 'delivered' });
    await Promise.all(pushes);
    expect(provider.attempts.count).toBe(1);
    expect(queue.size).toBe(0);
  });
});

describe('the lanes', () => {
  test('choose the provider by the type of the target alone', () => {
    const { provider, queue } = setUp();
    void new PushLanes([queue], new FakeTelemetry()).push(fcmTarget('a'), WAKE, 'live');
    expect(provider.attempts.all[0]?.target).toEqual(fcmTarget('a'));
  });

  test('never let one provider stand in for another', async () => {
    const { provider, queue } = setUp();
    const delivery = await new PushLanes([queue], new FakeTelemetry()).push(
      unifiedPushTarget('a'),
      WAKE,
      'live',
    );
    expect(delivery).toEqual({ outcome: 'retry', reason: 'provider_not_ready' });
    expect(provider.attempts.count).toBe(0);
  });

  test('can deliver when there is one of them', () => {
    expect([
      new PushLanes([], new FakeTelemetry()).canDeliver,
      new PushLanes([setUp().queue], new FakeTelemetry()).canDeliver,
    ]).toEqual([false, true]);
  });

  test('say how much is pending in each', () => {
    const { queue, push } = setUp();
    void push('a');
    void push('b');
    expect(new PushLanes([queue], new FakeTelemetry()).pending()).toEqual({ fcm: 2 });
  });

  test('lose as many as all of them lose together', async () => {
    const fcm = setUp();
    void fcm.push('a');
    void fcm.push('b');
    const provider = {
      name: 'unifiedpush',
      send: () => new Promise<never>(() => {}),
      [Symbol.asyncDispose]: async () => {},
    } as const;
    const other = new PushQueue({ provider, concurrency: 1, capacity: 9, telemetry: new FakeTelemetry() });
    void other.push(unifiedPushTarget('a'), WAKE, 'live');
    expect(await new PushLanes([fcm.queue, other], new FakeTelemetry()).drain(AbortSignal.abort())).toBe(3);
  });
});
