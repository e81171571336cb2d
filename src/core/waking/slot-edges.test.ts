import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { SECOND_MS } from '../basics/clock.ts';
import { SlotEdges } from './slot-edges.ts';

const SLOT_MS = 30 * SECOND_MS;
const OFFSET_MS = 7 * SECOND_MS;

/** Edges 7 s and 37 s after each whole minute. The fake clock is the monotonic one; it begins at a whole minute. */
function setUp() {
  const time = new FakeSchedule();
  const wall = { shiftMs: 0 };
  const start = time.clock.now;
  const edges = new SlotEdges({
    slotMs: SLOT_MS,
    offsetMs: OFFSET_MS,
    clock: () => time.clock.now + wall.shiftMs,
    monotonic: time.clock.read,
    schedule: time.schedule,
  });
  const at: number[] = [];
  const lateMs: number[] = [];
  const onEdge = (late: number): void => {
    at.push((time.clock.now - start) / SECOND_MS);
    lateMs.push(late);
  };
  return {
    edges,
    time,
    wall,
    /** The edges that called back, in seconds since the beginning. */
    at,
    lateMs,
    onEdge,
    wait: () => edges.next(onEdge),
    /** Waits for each edge again and again. */
    waitAlways: () => {
      const again = (late: number): void => {
        onEdge(late);
        edges.next(again);
      };
      edges.next(again);
    },
    pass: (seconds: number) => time.advance(seconds * SECOND_MS),
  };
}

test('edges are the multiples of a slot plus the offset, and nothing is scheduled while nobody waits', async () => {
  const { at, lateMs, pass, time, wait } = setUp();
  for (const seconds of [1, 10, 60]) {
    wait();
    await pass(seconds);
  }
  expect([at, lateMs, time.pending]).toEqual([[7, 37], [0, 0], 0]);
});

test('the time until the next edge is told whether somebody waits or not', async () => {
  const { edges, pass, wait } = setUp();
  expect(edges.nextInMs).toBe(7 * SECOND_MS);
  await pass(2);
  wait();
  expect(edges.nextInMs).toBe(5 * SECOND_MS);
});

test('a clock that is set back a little just before an edge makes that edge come once', async () => {
  const { at, pass, waitAlways, wall } = setUp();
  waitAlways();
  await pass(6.9);
  wall.shiftMs = -50;
  await pass(33);
  expect(at).toEqual([7.05, 37.05]);
});

test.each([true, false])(
  'a clock that is set back a little just after an edge does not make that edge come again (somebody waits: %s)',
  async (isWaiting) => {
    const { at, pass, wait, waitAlways, wall } = setUp();
    if (isWaiting) waitAlways();
    else wait();
    await pass(7.01);
    wall.shiftMs = -50;
    if (!isWaiting) waitAlways();
    await pass(60.1);
    expect(at).toEqual([7, 37.05, 67.05]);
  },
);

test.each([
  ['forward over many slots', 600 * SECOND_MS + 8 * SECOND_MS],
  ['back over many slots', -(600 * SECOND_MS) - 8 * SECOND_MS],
])(
  'a clock that is set %s: the edges of the new time count, and none is waited for longer than two slots',
  async (_, shiftMs) => {
    const { at, pass, waitAlways, wall } = setUp();
    waitAlways();
    await pass(20);
    wall.shiftMs = shiftMs;
    await pass(200);
    const afterJump = at.slice(1);
    expect(at[0]).toBe(7);
    for (const second of afterJump) expect((second + shiftMs / SECOND_MS - 7) % 30).toBeCloseTo(0);
    expect(afterJump[0]).toBeLessThanOrEqual(67);
  },
);

test('a machine that stands still over several edges has one edge, late', async () => {
  const { at, lateMs, time, waitAlways } = setUp();
  waitAlways();
  time.clock.advance(100 * SECOND_MS);
  await time.advance(0);
  expect([at, lateMs]).toEqual([[100], [93 * SECOND_MS]]);
  await time.advance(60 * SECOND_MS);
  expect(at.slice(1)).toEqual([127, 157]);
});

test('a clock that is set again and again never makes a wait longer than two slots, nor two edges closer than half a slot', async () => {
  const jump = fc.record({ afterS: fc.integer({ min: 0, max: 40 }), byS: fc.integer({ min: -90, max: 90 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(jump, { maxLength: 12 }), async (jumps) => {
      const { at, pass, waitAlways, wall } = setUp();
      waitAlways();
      for (const { afterS, byS } of jumps) {
        await pass(afterS);
        wall.shiftMs += byS * SECOND_MS;
      }
      await pass(61);
      const gaps = at.map((second, n) => second - (at[n - 1] ?? 0));
      expect(Math.max(...gaps)).toBeLessThanOrEqual(60);
      expect(Math.min(...gaps.slice(1))).toBeGreaterThanOrEqual(15);
    }),
  );
});

test('clocks of different precision and timers that come late make no edge miss', async () => {
  const time = new FakeSchedule();
  let n = 0;
  // As in the program: the time of day has whole milliseconds, and a timer comes up to two milliseconds late.
  const late = (): number => (n++ * 0.37) % 2;
  const edges = new SlotEdges({
    slotMs: 1000,
    offsetMs: 123,
    clock: () => Math.floor(time.clock.now + 0.6),
    monotonic: time.clock.read,
    schedule: (ms, callback) => time.schedule(ms + late(), callback),
  });
  time.clock.now += 0.25;
  const at: number[] = [];
  const again = (): void => {
    at.push(time.clock.now);
    edges.next(again);
  };
  edges.next(again);
  await time.advance(200_000);
  const gaps = at.slice(1).map((moment, index) => moment - (at[index] ?? 0));
  expect(at.length).toBeGreaterThanOrEqual(199);
  expect(Math.max(...gaps)).toBeLessThan(1005);
});

test('a callback that is forgotten is not called, and without another one there is no timer', async () => {
  const { at, edges, onEdge, pass, time, wait } = setUp();
  const other: number[] = [];
  const onOther = (): void => void other.push(time.clock.now);
  wait();
  edges.next(onOther);
  edges.forget(onEdge);
  await pass(30);
  expect([at, other.length, edges.lastLateMs]).toEqual([[], 1, 0]);
  wait();
  edges.forget(onEdge);
  expect(time.pending).toBe(0);
});
