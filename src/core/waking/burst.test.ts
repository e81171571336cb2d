import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { tradeKey, unifiedPushTarget } from '../../../test/support/registrations.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import { addressOf } from '../registry/push-target.ts';
import { Burst, type BurstOptions } from './burst.ts';
import type { HeldWake } from './held-wake.ts';

function setUp(parts: Partial<BurstOptions> = {}) {
  const time = new FakeSchedule();
  const handed: Wake[] = [];
  const hand = async (wake: Wake): Promise<WakeEnd> => {
    handed.push(wake);
    return 'sent';
  };
  const burst = new Burst({ schedule: time.schedule, draw: (below) => below - 1, hand, ...parts });
  return { burst, time, handed, names: () => handed.map(({ target }) => addressOf(target)) };
}

function held(...names: readonly string[]): HeldWake[] {
  return names.map((name) => ({ wake: keyWake(name), ends: [] }));
}

function many(count: number): HeldWake[] {
  return held(...Array.from({ length: count }, (_, n) => `device-${n}`));
}

test('a burst hands its lanes so many wakes at once as they have room for, and the rest when there is room again', async () => {
  let room = 3;
  const { burst, handed, time } = setUp({ room: () => room });
  burst.add(many(10));
  expect([handed.length, burst.size]).toEqual([3, 7]);
  room = 0;
  await time.advance(1000);
  expect(handed).toHaveLength(3);
  room = 5;
  await time.advance(10);
  expect(handed).toHaveLength(10);
  expect([burst.size, time.pending]).toEqual([0, 0]);
});

test('a push service without room keeps no wakes of another one waiting', () => {
  const { burst, handed, names } = setUp({ room: (service) => (service === 'fcm' ? 0 : Infinity) });
  const other = { wake: keyWake('', { target: unifiedPushTarget('x') }), ends: [] };
  burst.add([...held('a', 'b'), other]);
  expect(names()).toEqual(['https://push.example/x']);
  expect([handed.length, burst.size]).toEqual([1, 2]);
});

test('a stop lets all wakes of a burst leave, whether there is room or not', async () => {
  const { burst, handed, time } = setUp({ room: () => 0 });
  burst.add(many(1000));
  const hurried = burst.hurry();
  await time.advance(100);
  await hurried;
  expect(handed).toHaveLength(1000);
});

test('a wake for a device whose last one has not left is one with that, and all who wait hear how it ended', async () => {
  let room = 0;
  const { burst, handed, time } = setUp({ room: () => room });
  const ends: string[] = [];
  const asked = (key: number): HeldWake => ({
    wake: keyWake('a', { keys: [tradeKey(key)] }),
    ends: [(end) => void end.then((how) => ends.push(`${key} ${how}`))],
  });
  burst.add([asked(1)]);
  burst.add([asked(2)]);
  expect(burst.size).toBe(1);
  room = 5;
  await time.advance(10);
  expect(handed).toMatchObject([{ keys: [tradeKey(1), tradeKey(2)] }]);
  expect(ends).toEqual(['1 sent', '2 sent']);
});
