import { describe, expect, test } from 'vitest';

import { DELIVERED, FAILED, GONE, laneBench, MISCONFIGURED } from '../../test/support/lane-bench.ts';
import { FakeSchedule } from '../../test/support/fake-schedule.ts';
import { settled } from '../../test/support/settled.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from './clock.ts';
import { RetryPolicy } from './retry-policy.ts';

describe('a device that is gone', () => {
  test('is forgotten, and its wake is dealt with', async () => {
    const { ask, answer, forgotten, lane } = laneBench();
    const end = ask('phone');
    await answer(GONE);
    expect(await end).toBe('sent');
    expect([forgotten, lane.owed]).toEqual([['phone'], 0]);
  });

  test('is kept and owed its wake when suddenly all are, tried after an hour, and gets it then', async () => {
    const { ask, answer, forgotten, lane, schedule, telemetry, underWay } = laneBench();
    for (let n = 0; n < 300; n++) void ask(`device ${n}`);
    for (let n = 0; n < 3; n++) await answer(GONE);
    expect([forgotten.length, lane.owed]).toEqual([9, 291]);
    expect(telemetry.logged('lane.eviction_stopped')).toHaveLength(1);
    await schedule.advance(HOUR_MS - 1);
    expect(underWay()).toEqual([]);
    await schedule.advance(1);
    for (let n = 0; n < 3; n++) await answer(DELIVERED);
    expect([forgotten.length, lane.owed, schedule.pending]).toEqual([9, 0, 0]);
    expect(telemetry.logged('lane.eviction_resumed')).toHaveLength(1);
  });

  test('and kept is tried at most once an hour, whatever comes for it', async () => {
    const { ask, answer, schedule, underWay } = laneBench();
    for (let n = 0; n < 20; n++) void ask(`device ${n}`);
    await answer(GONE);
    await schedule.advance(MINUTE_MS);
    void ask('device 19');
    await settled();
    expect(underWay()).toEqual([]);
  });

  test('is tried once more after the guard let go, and then forgotten', async () => {
    const { ask, answer, forgotten, lane, schedule } = laneBench();
    for (let n = 0; n < 12; n++) void ask(`device ${n}`);
    await answer(GONE);
    await schedule.advance(HOUR_MS);
    await answer(GONE);
    expect([forgotten.length, lane.owed]).toEqual([12, 0]);
  });
});

describe('a lane that is broken', () => {
  test('tries one wake at a time, and sends all the others with the first that is delivered', async () => {
    const { ask, answer, lane, schedule, underWay } = laneBench();
    for (let n = 0; n < 50; n++) void ask(`device ${n}`);
    await answer(FAILED);
    await schedule.advance(2 * SECOND_MS);
    expect(underWay()).toHaveLength(1);
    await answer(DELIVERED);
    expect(underWay()).toHaveLength(49);
    await answer(DELIVERED);
    expect([lane.pending, lane.owed, schedule.pending]).toEqual([0, 0, 0]);
  });

  test.each([1, 2, 3, 4, 5, 6])(
    'goes on where its wait ends between two looks at the clock, %i ms after a further wake was asked for',
    async (leftMs) => {
      const schedule = new FakeSchedule();
      const { clock } = schedule;
      let isRestless = false;
      const read = (): number => (isRestless ? clock.now++ : clock.now);
      // Whatever has failed waits for a minute: no timer but the lane's goes off.
      const retry = new RetryPolicy({ minMs: MINUTE_MS, baseMs: 0 });
      const { ask, answer, underWay } = laneBench({ schedule: schedule.schedule, clock: read, retry });
      for (const name of ['one', 'two', 'three']) void ask(name);
      await answer(FAILED);
      clock.advance(SECOND_MS - leftMs);
      isRestless = true;
      void ask('four');
      isRestless = false;
      await schedule.advance(5 * SECOND_MS);
      expect(underWay()).toHaveLength(1);
    },
  );

  test('by our configuration pays everyone soon after it is mended', async () => {
    const { ask, answer, lane, schedule, underWay } = laneBench();
    for (let n = 0; n < 50; n++) void ask(`device ${n}`);
    await answer(MISCONFIGURED);
    for (let n = 0; n < 20; n++) {
      await schedule.advance(MINUTE_MS);
      await answer(MISCONFIGURED);
    }
    expect(lane.owed).toBe(50);
    await schedule.advance(MINUTE_MS + SECOND_MS);
    await answer(DELIVERED);
    expect(underWay().length).toBeGreaterThan(40);
  });
});
