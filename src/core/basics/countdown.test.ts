import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { Countdown } from './countdown.ts';

function setUp(ms = 100) {
  const time = new FakeSchedule();
  const begun = time.clock.now;
  const over: [string, number][] = [];
  const countdown = new Countdown<string>({
    ms,
    schedule: time.schedule,
    monotonic: time.clock.read,
    onOver: (item) => over.push([item, time.clock.now - begun]),
  });
  return { countdown, over, time };
}

test('every wait of a countdown lasts for its time, and all waits share one timer', async () => {
  const { countdown, over, time } = setUp();
  for (const item of ['a', 'b', 'c']) {
    countdown.begin(item);
    expect(time.pending).toBe(1);
    await time.advance(30);
  }
  await time.advance(1000);
  expect(over).toEqual([
    ['a', 100],
    ['b', 130],
    ['c', 160],
  ]);
  expect(time.pending).toBe(0);
  countdown.begin('d');
  await time.advance(100);
  expect(over.at(-1)).toEqual(['d', 1190]);
});

test('a wait of a countdown does not end before its time, however early the timer fires', async () => {
  const { countdown, over, time } = setUp();
  const early = new Countdown<string>({
    ms: 100,
    schedule: (ms, callback) => time.schedule(Math.max(1, Math.floor(ms / 2)), callback),
    monotonic: time.clock.read,
    onOver: (item) => over.push([item, 0]),
  });
  early.begin('early');
  countdown.begin('on time');
  await time.advance(99);
  expect(over).toEqual([]);
  await time.advance(1);
  expect(over.map(([item]) => item).toSorted()).toEqual(['early', 'on time']);
});

test('a wait that begins while a countdown calls back ends like any other', async () => {
  const time = new FakeSchedule();
  let turns = 0;
  const countdown: Countdown<number> = new Countdown({
    ms: 10,
    schedule: time.schedule,
    monotonic: time.clock.read,
    onOver: (n) => {
      turns++;
      if (n > 1) countdown.begin(n - 1);
    },
  });
  countdown.begin(3);
  await time.advance(29);
  expect([turns, time.pending]).toEqual([2, 1]);
  await time.advance(1);
  expect([turns, time.pending]).toEqual([3, 0]);
});

test('a countdown does not call back for an item that was removed, and the others keep their time', async () => {
  const { countdown, over, time } = setUp();
  for (const item of ['a', 'b', 'c']) {
    countdown.begin(item);
    await time.advance(30);
  }
  for (const item of ['a', 'c']) countdown.remove(item);
  expect([...countdown.items()]).toEqual(['b']);
  await time.advance(1000);
  expect(over).toEqual([['b', 130]]);
  expect(time.pending).toBe(0);
});

test('a cleared countdown does not call back, and can begin again', async () => {
  const { countdown, over, time } = setUp();
  countdown.begin('a');
  await time.advance(50);
  countdown.clear();
  expect(time.pending).toBe(0);
  countdown.begin('b');
  await time.advance(100);
  expect(over).toEqual([['b', 150]]);
});

test('a countdown that ends a few waits at once ends the others in later turns, in their order', async () => {
  const time = new FakeSchedule();
  const turns: string[][] = [];
  const countdown = new Countdown<string>({
    ms: 100,
    atOnce: 2,
    schedule: (ms, callback) =>
      time.schedule(ms, () => {
        turns.push([]);
        callback();
      }),
    monotonic: time.clock.read,
    onOver: (item) => turns.at(-1)?.push(item),
  });
  for (const item of ['a', 'b', 'c', 'd', 'e']) countdown.begin(item);
  await time.advance(100);
  expect(turns).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  expect(time.pending).toBe(0);
});
