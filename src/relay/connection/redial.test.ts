import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { Redial } from './redial.ts';
import { RELAY_TIMING } from './relay-timing.ts';

// In the middle of what chance allows, so that a wait is half its bound.
beforeEach(() => void vi.spyOn(Math, 'random').mockReturnValue(0.5));
afterEach(() => void vi.restoreAllMocks());

function setUp(): { clock: FakeClock; redial: Redial } {
  const clock = new FakeClock();
  return { clock, redial: new Redial(RELAY_TIMING, clock.read) };
}

/** The waits after so many connections that proved themselves and were lost at once. */
function waits(redial: Redial, times: number): number[] {
  return Array.from({ length: times }, () => {
    redial.dialled();
    redial.proven();
    return redial.waitMs(false);
  });
}

test('a relay that is lost without ever having proven itself is waited for longer each time', () => {
  const { redial } = setUp();
  const waited = Array.from({ length: 4 }, () => redial.waitMs(false));
  expect(waited).toEqual([500, 1000, 2000, 4000]);
});

test('a relay that is lost thirty times as soon as it has proven itself is dialled at once, then ever later', () => {
  const { redial } = setUp();
  expect(waits(redial, 30)).toEqual(Array.from({ length: 30 }, () => 500));
  expect(waits(redial, 3)).toEqual([1000, 2000, 4000]);
});

test('a relay that is lost and has stayed for three hours is dialled at once thirty times again', () => {
  const { clock, redial } = setUp();
  waits(redial, 40);
  clock.advance(3 * HOUR_MS);
  expect(waits(redial, 30)).toEqual(Array.from({ length: 30 }, () => 500));
});

test('a relay that is lost proves itself once on a connection, whatever it goes on to say', () => {
  const { redial } = setUp();
  redial.dialled();
  for (let n = 0; n < 100; n++) redial.proven();
  expect(redial.waitMs(false)).toBe(500);
  expect(waits(redial, 29)).toEqual(Array.from({ length: 29 }, () => 500));
});

test('a relay that misbehaves waits longer each time, however well it began', () => {
  const { redial } = setUp();
  const waited = [1, 2, 3].map(() => {
    redial.dialled();
    redial.proven();
    return redial.waitMs(true);
  });
  expect(waited).toEqual([60_000, 90_000, 150_000]);
});

test.each([
  ['is forgiven when it behaved through its probation', RELAY_TIMING.probationMs, 60_000],
  ['is not when it was lost before the end of it', RELAY_TIMING.probationMs - 1, 90_000],
])('a relay that misbehaves %s', (_, behavedMs, waitMs) => {
  const { clock, redial } = setUp();
  redial.waitMs(true);
  redial.dialled();
  clock.advance(behavedMs);
  redial.waitMs(false);
  redial.dialled();
  expect(redial.waitMs(true)).toBe(waitMs);
});
