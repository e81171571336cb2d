import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { HOUR_MS, MINUTE_MS } from '../../core/basics/clock.ts';
import { UnverifiedEvents } from './unverified-events.ts';

const unverified = { baseMs: 0, maxMs: HOUR_MS, minMs: MINUTE_MS };

function setUp(): { events: UnverifiedEvents; asked: number[] } {
  const asked: number[] = [];
  return { events: new UnverifiedEvents({ unverified }, () => asked.push(Date.now())), asked };
}

beforeEach(() => void vi.useFakeTimers({ now: 0 }));
afterEach(() => void vi.useRealTimers());

test('an event that was dropped unverified is asked for when its key can be verified again, with all that were dropped meanwhile', () => {
  const { asked, events } = setUp();
  for (const now of [1000, 2000, 3000]) events.note(now);
  vi.advanceTimersByTime(MINUTE_MS - 1);
  const before = [...asked];
  vi.advanceTimersByTime(1);
  events.note(70_000);
  vi.advanceTimersByTime(MINUTE_MS);
  expect([before, asked]).toEqual([[], [MINUTE_MS, 2 * MINUTE_MS]]);
});

test('an event that was dropped unverified is reported at once when its connection ends', () => {
  const { asked, events } = setUp();
  events.note(1000);
  events.flush();
  events.flush();
  expect([asked, vi.getTimerCount()]).toEqual([[0], 0]);
});

test('while events are dropped again and again the relay is asked ever more seldom, until a quiet time', () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.999);
  const times: number[] = [];
  let now = 0;
  const growing = { baseMs: MINUTE_MS, maxMs: HOUR_MS, minMs: MINUTE_MS };
  const events = new UnverifiedEvents({ unverified: growing }, () =>
    times.push(Math.round((Date.now() - now) / MINUTE_MS)),
  );
  for (const pause of [0, 0, 0, 4 * HOUR_MS]) {
    vi.advanceTimersByTime(pause);
    now = Date.now();
    events.note(now);
    vi.advanceTimersToNextTimer();
  }
  vi.restoreAllMocks();
  expect(times).toEqual([2, 3, 5, 2]);
});
