import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { BurstWatch } from './burst-watch.ts';

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

/** A watch for bursts of ten events a second, and when it noticed one, in milliseconds from the start. */
function setUp(): {
  watch: BurstWatch;
  bursts: number[];
  send: (perSecond: number, seconds: number) => void;
} {
  const bursts: number[] = [];
  const watch = new BurstWatch({ events: 10, clock: Date.now, onBurst: () => bursts.push(Date.now()) });
  const send = (perSecond: number, seconds: number): void => {
    for (let n = 0; n < perSecond * seconds; n++) {
      watch.note(Date.now());
      vi.advanceTimersByTime(1000 / perSecond);
    }
  };
  return { watch, bursts, send };
}

test('a burst of live events is noticed once, a few seconds after its end', () => {
  const { bursts, send } = setUp();
  send(20, 3);
  expect(bursts).toEqual([]);
  vi.advanceTimersByTime(60_000);
  expect(bursts).toHaveLength(1);
  expect(bursts[0]).toBeGreaterThanOrEqual(3000);
  expect(bursts[0]).toBeLessThan(6000);
});

test('live events that come evenly below the number of a burst are none, however many they are', () => {
  const { bursts, send } = setUp();
  send(8, 60);
  vi.advanceTimersByTime(60_000);
  expect(bursts).toEqual([]);
});

test('a burst without an end is noticed every half minute', () => {
  const { bursts, send } = setUp();
  send(20, 100);
  expect(bursts).toHaveLength(3);
});

test('a burst is not reported after the end of its connection', () => {
  const { bursts, send, watch } = setUp();
  send(20, 1);
  watch.stop();
  vi.advanceTimersByTime(60_000);
  expect(bursts).toEqual([]);
});
