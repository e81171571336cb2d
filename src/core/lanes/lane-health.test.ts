import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import {
  APNS_REFUSED,
  DELIVERED,
  FAILED,
  GONE,
  MISCONFIGURED,
  REFUSED,
  retry,
  THROTTLED,
  UNHEARD,
} from '../../../test/support/lane-bench.ts';
import { Backoff } from '../basics/backoff.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';
import { LaneHealth, type LaneState } from './lane-health.ts';

/** The health of a lane whose circuit breaker waits 1 s, then 3 s, 5 s, 9 s, up to 61 s. */
function setUp({ startsSlowly = false } = {}) {
  const clock = new FakeClock();
  const breaker = new Backoff({ minMs: 1000, baseMs: 2000, maxMs: MINUTE_MS }, () => 0.999_999_999);
  const health = new LaneHealth({ retry, breaker, startsSlowly, monotonic: clock.read });
  const note = (delivery: Delivery, ...devices: string[]): (LaneState | undefined)[] =>
    devices.map((device) => health.note(device, delivery));
  return { clock, health, note, waitSeconds: () => Math.round(health.waitMs / SECOND_MS) };
}

test('a pause of a lane comes when three distinct devices are told "too many" within a minute', () => {
  const { health, note, clock, waitSeconds } = setUp();
  expect(note(THROTTLED, 'a', 'b', 'c')).toEqual([undefined, undefined, 'paused']);
  expect([health.state, waitSeconds()]).toEqual(['paused', 60]);
  clock.advance(MINUTE_MS);
  expect([health.state, waitSeconds()]).toEqual(['open', 0]);
});

test('a pause of a lane does not come from one device, or two, however often they are told "too many"', () => {
  const { health, note } = setUp();
  for (let n = 0; n < 20; n++) note(THROTTLED, 'a', 'b');
  expect(health.state).toBe('open');
});

test('a pause of a lane does not come from three devices in more than a minute', () => {
  const { health, note, clock } = setUp();
  for (const device of ['a', 'b', 'c', 'd', 'e']) {
    note(THROTTLED, device);
    clock.advance(MINUTE_MS / 2);
  }
  expect(health.state).toBe('open');
});

test('a pause of a lane comes from three devices with deliveries between them: a delivery says nothing of the limit', () => {
  const { health, note } = setUp();
  for (const device of ['a', 'b', 'c']) {
    note(THROTTLED, device);
    note(DELIVERED, 'other');
  }
  expect(health.state).toBe('paused');
});

test('a pause of a lane does not come while as many devices have a wake delivered, and comes with one device more', () => {
  const { health, note } = setUp();
  note(DELIVERED, 'a', 'b', 'c', 'd');
  note(THROTTLED, 'e', 'f', 'g', 'h');
  expect(health.state).toBe('open');
  expect(note(THROTTLED, 'i')).toEqual(['paused']);
});

test('a pause of a lane comes although many wakes are delivered to one device: devices count, not wakes', () => {
  const { health, note } = setUp();
  for (let n = 0; n < 20; n++) note(DELIVERED, 'a');
  note(THROTTLED, 'b', 'c', 'd');
  expect(health.state).toBe('paused');
});

test('a pause of a lane comes in spite of deliveries of more than a minute ago', () => {
  const { clock, health, note } = setUp();
  note(DELIVERED, 'a', 'b', 'c', 'd');
  clock.advance(MINUTE_MS);
  note(THROTTLED, 'e', 'f', 'g');
  expect(health.state).toBe('paused');
});

test.each([
  ['507: no device subscribes to the topic', UNHEARD],
  ['429 with a word of Apple: it concerns iPhones alone', { ...THROTTLED, concerns: 'platform' } as const],
  ['401: the APNs key is refused', APNS_REFUSED],
])('a pause of a lane does not come from devices that are answered %s, however many', (_, delivery) => {
  const { health, note } = setUp();
  note(delivery, ...Array.from({ length: 50 }, (__, n) => `device ${n}`));
  expect([health.state, health.isFailing, health.waitMs]).toEqual(['open', false, 0]);
});

test.each([
  [7000, 7000],
  [HOUR_MS, HOUR_MS],
  [1000 * HOUR_MS, HOUR_MS],
])('a pause of a lane after a Retry-After of %i ms lasts %i ms', (afterMs, waitMs) => {
  const { health, note } = setUp();
  note({ ...THROTTLED, afterMs }, 'a', 'b', 'c');
  expect(health.waitMs).toBe(waitMs);
});

test('a pause of a lane is not made shorter by another pause', () => {
  const { health, note } = setUp();
  note({ ...THROTTLED, afterMs: 90_000 }, 'a', 'b', 'c');
  note({ ...THROTTLED, afterMs: 1000 }, 'd', 'e', 'f');
  expect(health.waitMs).toBe(90_000);
});

test('a second pause of a lane needs three devices again', () => {
  const { health, note, clock } = setUp();
  note({ ...THROTTLED, afterMs: 1000 }, 'a', 'b', 'c');
  clock.advance(1000);
  note(THROTTLED, 'd', 'e');
  expect(health.state).toBe('open');
});

test('the end of a lane’s pause is reported with the next answer', () => {
  const { note, clock } = setUp();
  note(THROTTLED, 'a', 'b', 'c');
  clock.advance(MINUTE_MS);
  expect(note(DELIVERED, 'a', 'b')).toEqual(['open', undefined]);
});

test.each([
  ['failures', FAILED],
  ['refusals for which we are to blame', MISCONFIGURED],
])(
  'the circuit breaker opens with the %s of three distinct devices, and then lets one wake at a time try',
  (_, delivery) => {
    const { health, note } = setUp();
    expect(health.concurrency(16)).toBe(16);
    expect(note(delivery, 'a', 'b', 'c')).toEqual([undefined, undefined, 'broken']);
    expect(health.concurrency(16)).toBe(1);
  },
);

test('the circuit breaker does not open with the failures of one device, however many', () => {
  const { health, note } = setUp();
  for (let n = 0; n < 20; n++) note(FAILED, 'a', 'b');
  expect(health.state).toBe('open');
});

test.each([
  ['delivered', DELIVERED],
  ['gone', GONE],
  ['refused for what it registered', REFUSED],
])('the circuit breaker does not open while devices are %s in between', (_, delivery) => {
  const { health, note } = setUp();
  for (const device of ['a', 'b', 'c', 'd']) {
    note(FAILED, device, `${device}'`);
    note(delivery, 'other');
  }
  expect(health.state).toBe('open');
});

test('the circuit breaker does not open while as many devices have a wake delivered within the minute', () => {
  const { clock, health, note } = setUp();
  note(DELIVERED, 'a', 'b', 'c', 'd');
  note(FAILED, 'e', 'f', 'g', 'h');
  expect(health.state).toBe('open');
  expect(note(FAILED, 'i')).toEqual(['broken']);
  clock.advance(MINUTE_MS);
  note(DELIVERED, 'a');
  expect(note(FAILED, 'e', 'f', 'g')).toEqual([undefined, undefined, 'broken']);
});

test.each([
  ['503 with a word of Apple', { ...FAILED, concerns: 'platform' } as Delivery],
  ['401: the APNs key is refused', APNS_REFUSED],
])('the circuit breaker does not open with iPhones that are answered %s, however many', (_, delivery) => {
  const { health, note } = setUp();
  note(delivery, ...Array.from({ length: 50 }, (__, n) => `iPhone ${n}`));
  expect([health.state, health.isFailing, health.waitMs]).toEqual(['open', false, 0]);
});

test('the circuit breaker keeps its own waits when the wake that tries the lane is told "too many" for an hour', () => {
  const { clock, health, note, waitSeconds } = setUp();
  note(FAILED, 'a', 'b', 'c');
  clock.advance(health.waitMs);
  health.begin();
  note({ ...THROTTLED, afterMs: HOUR_MS }, 'd');
  expect([health.state, waitSeconds()]).toEqual(['broken', 5]);
});

test('the circuit breaker waits longer after each try that failed, up to a minute', () => {
  const { clock, health, note, waitSeconds } = setUp();
  note(FAILED, 'a', 'b', 'c');
  const waits = Array.from({ length: 8 }, () => {
    const seconds = waitSeconds();
    clock.advance(health.waitMs);
    health.begin();
    note(FAILED, 'a');
    return seconds;
  });
  expect(waits).toEqual([3, 5, 9, 17, 33, 61, 61, 61]);
  expect(health.state).toBe('broken');
});

test('the circuit breaker does not wait longer for attempts that were under way when it opened: a lost session fails a hundred at once', () => {
  const { clock, health, note, waitSeconds } = setUp();
  note(FAILED, ...Array.from({ length: 100 }, (_, n) => `device ${n}`));
  expect(waitSeconds()).toBe(3);
  clock.advance(health.waitMs);
  note(FAILED, 'late');
  expect(waitSeconds()).toBe(0);
});

test('the circuit breaker obeys a longer Retry-After, up to an hour', () => {
  const { health, note } = setUp();
  note({ ...FAILED, afterMs: 90_000 } as Delivery, 'a', 'b', 'c');
  expect(health.waitMs).toBe(90_000);
  note({ ...FAILED, afterMs: 1000 * HOUR_MS } as Delivery, 'd');
  expect(health.waitMs).toBe(HOUR_MS);
});

test('the circuit breaker closes with one answer about a device, and begins again with a short wait', () => {
  const { clock, health, note, waitSeconds } = setUp();
  note(FAILED, 'a', 'b', 'c');
  for (let n = 0; n < 8; n++) {
    clock.advance(health.waitMs);
    note(FAILED, 'a');
  }
  clock.advance(health.waitMs);
  expect(note(DELIVERED, 'a')).toEqual(['open']);
  expect(note(FAILED, 'a', 'b', 'c')).toEqual([undefined, undefined, 'broken']);
  expect(waitSeconds()).toBe(3);
});

test('a lane that has never delivered may send twenty wakes at once and then twenty a second', () => {
  const { clock, health } = setUp({ startsSlowly: true });
  let begun = 0;
  for (let ms = 0; ms < 10_000; ms++, clock.advance(1)) {
    while (health.waitMs === 0) {
      health.begin();
      begun++;
    }
  }
  expect(begun).toBeGreaterThanOrEqual(20 + 10 * 20 - 1);
  expect(begun).toBeLessThanOrEqual(20 + 10 * 20 + 1);
});

test.each([
  ['a delivery', DELIVERED, true],
  ['a device that is gone', GONE, false],
])('a lane that has never delivered is proven by %s: %s', (_, delivery, isProven) => {
  const { health, note } = setUp({ startsSlowly: true });
  for (let n = 0; n < 30; n++) health.begin();
  note(delivery, 'a');
  expect(health.isProven).toBe(isProven);
  for (let n = 0; n < 30; n++) health.begin();
  expect(health.waitMs > 1000).toBe(!isProven);
});

test('a lane without a slow start sends at full speed before its first delivery', () => {
  const { health } = setUp();
  for (let n = 0; n < 100; n++) health.begin();
  expect([health.isProven, health.waitMs]).toEqual([true, 0]);
});
