import { expect, test } from 'vitest';

import {
  DELIVERED,
  FAILED,
  GONE,
  laneBench,
  REFUSED,
  type LaneBench,
} from '../../../test/support/lane-bench.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { SECOND_MS } from '../basics/clock.ts';
import type { Delivery } from '../lanes/delivery.ts';
import type { Registration } from '../registry/registration.ts';
import { SelfTest, type TestOutcome } from './self-test.ts';

const OWN = { tradePubkey: tradeKey(7), target: fcmTarget('phone') };

function bench(registered: typeof OWN | undefined = OWN): LaneBench & {
  test: () => Promise<TestOutcome>;
  gone: string[];
} {
  const lanes = laneBench();
  const gone: string[] = [];
  const registrations = {
    find: async () => registered as Registration | undefined,
    evict: async () => void gone.push('phone'),
  };
  const { schedule } = lanes.schedule;
  const selfTest = new SelfTest({ registrations, lanes: lanes.lanes, schedule });
  return { ...lanes, test: () => selfTest.run(OWN), gone };
}

test.each<[Delivery, TestOutcome]>([
  [DELIVERED, 'delivered'],
  [GONE, 'gone'],
  [REFUSED, 'refused'],
])(
  'a self-test whose push ends with %j has that outcome, and leaves no timer of its own',
  async (delivery, outcome) => {
    const { answer, lanes, renewed, schedule, test: run, tried } = bench();
    const outcomes = Promise.all([run(), answer(delivery)]);
    expect(await outcomes).toEqual([outcome, undefined]);
    expect([tried(), renewed]).toEqual([['phone'], []]);
    expect(schedule.pending).toBe(lanes.owed);
  },
);

test('a self-test whose push fails is queued after ten seconds, unless a further attempt succeeds before', async () => {
  const outcomes: TestOutcome[] = [];
  const { answer, schedule, test: run, tried } = bench();
  void run().then((outcome) => outcomes.push(outcome));
  await answer(FAILED);
  await schedule.advance(SECOND_MS);
  await answer(DELIVERED);
  expect([outcomes, tried()]).toEqual([['delivered'], ['phone', 'phone']]);
  void run().then((outcome) => outcomes.push(outcome));
  await schedule.advance(10 * SECOND_MS - 1);
  expect(outcomes).toEqual(['delivered']);
  await schedule.advance(1);
  expect(outcomes).toEqual(['delivered', 'queued']);
});

test('a self-test and the wake of an event for the same device are one push, and each learns its outcome', async () => {
  const { answer, ask, renewed, test: run, tried } = bench();
  for (const order of [
    [run, () => ask('phone')],
    [() => ask('phone'), run],
  ]) {
    // An attempt is under way; both wakes come behind it.
    void ask('phone');
    const ends = order.map((begin) => begin());
    await answer(DELIVERED);
    await answer(DELIVERED);
    expect((await Promise.all(ends)).toSorted()).toEqual(['delivered', 'sent']);
  }
  expect([tried().length, renewed.flat()]).toEqual([4, Array.from({ length: 4 }, () => tradeKey(1))]);
});

test('two self-tests for one device both learn the outcome of one push', async () => {
  const { answer, ask, test: run, tried } = bench();
  void ask('phone');
  const outcomes = [run(), run()];
  await answer(DELIVERED);
  await answer(GONE);
  expect(await Promise.all(outcomes)).toEqual(['gone', 'gone']);
  expect(tried()).toHaveLength(2);
});

test('a self-test that waited is sent no more when its key points at the device no longer', async () => {
  const { answer, lanes, schedule, test: run, tried } = bench({ ...OWN, target: fcmTarget('other') });
  const outcome = run();
  await answer(FAILED);
  await schedule.advance(SECOND_MS);
  expect(await outcome).toBe('refused');
  await settled();
  expect([tried(), lanes.pending]).toEqual([['phone'], 0]);
});

test('a device that a self-test calls gone is evicted after the second strike, as after any wake', async () => {
  const { answer, ask, gone, schedule, test: run } = bench();
  await Promise.all([run(), answer(GONE)]);
  await schedule.advance(600 * SECOND_MS);
  await Promise.all([ask('another'), answer(DELIVERED, 'another')]);
  await answer(GONE);
  await schedule.advance(600 * SECOND_MS);
  await answer(GONE);
  expect(gone).toEqual(['phone']);
});
