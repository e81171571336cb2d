import { expect, test } from 'vitest';

import {
  DELIVERED,
  FAILED,
  GONE,
  laneBench,
  MISCONFIGURED,
  REFUSED,
  THROTTLED,
  type LaneBench,
} from '../../../test/support/lane-bench.ts';
import { settled } from '../../../test/support/settled.ts';
import { MINUTE_MS } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';
import type { PushTarget } from '../registry/push-target.ts';

/** A signal that never aborts. */
const never = (): AbortSignal => new AbortController().signal;
const WAIT: Delivery = { outcome: 'retry', reason: 'http_503', afterMs: 5 * MINUTE_MS };

/** Asks for a wake of each of this many devices, and gives all attempts the same answer. */
async function all(bench: LaneBench, count: number, answer: Delivery): Promise<void> {
  for (let n = 0; n < count; n++) void bench.ask(`device ${n}`);
  await bench.answer(answer);
}

test('a lane that is drained is done at once when it has nothing to do', async () => {
  const { lanes, schedule } = laneBench();
  expect([await lanes.drain(never()), schedule.pending]).toEqual([0, 0]);
});

test('a lane that is drained sends what is queued, and waits for what is under way', async () => {
  const { ask, answer, lanes, tried } = laneBench({ concurrency: 1 });
  const ends = ['a', 'b', 'c'].map((token) => ask(token));
  const drained = lanes.drain(never());
  for (let n = 0; n < 3; n++) await answer(DELIVERED);
  expect(await drained).toBe(0);
  expect(await Promise.all(ends)).toEqual(['sent', 'sent', 'sent']);
  expect(tried()).toEqual(['a', 'b', 'c']);
});

test('a lane that is drained tries once more, and at once, what waits for a retry', async () => {
  const { ask, answer, lanes, schedule, underWay } = laneBench();
  const ends = ['a', 'b'].map((token) => ask(token));
  await answer(WAIT);
  const drained = lanes.drain(never());
  await settled();
  expect(underWay()).toEqual(['a', 'b']);
  await answer(DELIVERED, 'a');
  await answer(FAILED, 'b');
  expect(await drained).toBe(1);
  expect(await Promise.all(ends)).toEqual(['sent', 'dropped']);
  expect([lanes.pending, schedule.pending]).toEqual([0, 0]);
});

test('a lane that is drained sends what it owes and could not send yet', async () => {
  const { ask, answer, lanes } = laneBench({ concurrency: 1, capacity: 1 });
  for (const token of ['a', 'b', 'owed', 'owed too']) void ask(token);
  const drained = lanes.drain(never());
  for (let n = 0; n < 4; n++) await answer(DELIVERED);
  expect(await drained).toBe(0);
});

test.each([
  ['paused', THROTTLED],
  ['broken', FAILED],
  ['broken by our configuration', MISCONFIGURED],
])(
  'a lane that is drained sends nothing while it is %s, and counts its owed wakes as lost',
  async (_, answer) => {
    const bench = laneBench();
    await all(bench, 5, answer);
    expect(await bench.lanes.drain(never())).toBe(answer === MISCONFIGURED ? 0 : 5);
    expect([bench.tried().length, bench.schedule.pending]).toEqual([5, 0]);
  },
);

test('a lane that is drained waits for its slow start to let all wakes go', async () => {
  const bench = laneBench({ startsSlowly: true });
  for (let n = 0; n < 30; n++) void bench.ask(`device ${n}`);
  const drained = bench.lanes.drain(never());
  await bench.answer({ outcome: 'refused', reason: 'x', blames: 'device' });
  for (let n = 0; n < 30; n++) {
    await bench.schedule.advance(50);
    await bench.answer(DELIVERED);
  }
  expect(await drained).toBe(0);
  expect(bench.tried()).toHaveLength(30);
});

test.each([
  ['refused', REFUSED],
  ['kept though called gone', GONE],
])('a lane that is drained does not count as lost a wake that was %s', async (_, answer) => {
  const bench = laneBench();
  await all(bench, 20, answer);
  expect(bench.lanes.owed).toBeGreaterThan(10);
  expect(await bench.lanes.drain(never())).toBe(0);
  expect(bench.schedule.pending).toBe(0);
});

test('a lane that is drained gives up at the signal, ends the attempts under way, and ends each wake as dropped', async () => {
  const { ask, lanes, provider, schedule } = laneBench({ concurrency: 2 });
  const ends = ['a', 'b', 'c'].map((token) => ask(token));
  const time = new AbortController();
  const drained = lanes.drain(time.signal);
  await settled();
  time.abort();
  expect(await drained).toBe(3);
  expect(await Promise.all(ends)).toEqual(['dropped', 'dropped', 'dropped']);
  expect(provider.attempts.all.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  expect(schedule.pending).toBe(0);
});

test('a lane that is drained gives up at once if the time is over already', async () => {
  const { ask, lanes } = laneBench();
  const end = ask('phone');
  expect(await lanes.drain(AbortSignal.abort())).toBe(1);
  expect(await end).toBe('dropped');
});

test('a lane that is drained takes nothing more when it is done', async () => {
  const { ask, lanes, tried } = laneBench();
  await lanes.drain(never());
  expect(await ask('phone')).toBe('dropped');
  expect(tried()).toEqual([]);
});

test('a lane that is drained leaves no timer behind when an attempt is answered after the end', async () => {
  const { ask, answer, lanes, schedule } = laneBench();
  for (const token of ['a', 'b', 'c']) void ask(token);
  await lanes.drain(AbortSignal.abort());
  await answer(REFUSED);
  expect([schedule.pending, lanes.owed]).toEqual([0, 0]);
});

test('a lane that is drained is done only when what follows from its last delivery has happened', async () => {
  let renewed: (() => void) | undefined;
  const renewal = new Promise<void>((resolve) => (renewed = resolve));
  const registrations = {
    renew: () => renewal,
    evict: async () => undefined,
    whereabouts: async (target: PushTarget) => ({ here: target, elsewhere: [] }),
  };
  const { ask, answer, lanes } = laneBench({}, { registrations });
  void ask('a');
  void ask('b');
  let isDone = false;
  const drained = lanes.drain(never()).then(() => (isDone = true));
  await answer(DELIVERED, 'a');
  await answer(WAIT, 'b');
  expect(isDone).toBe(false);
  renewed?.();
  await drained;
});
