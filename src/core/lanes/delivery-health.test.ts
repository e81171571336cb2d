import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import {
  DELIVERED,
  FAILED,
  GONE,
  MISCONFIGURED,
  REFUSED,
  THROTTLED,
} from '../../../test/support/lane-bench.ts';
import { MINUTE_MS } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';
import { DeliveryHealth } from './delivery-health.ts';

const NO_TOKEN_ACCEPTED: Delivery = { outcome: 'retry', reason: 'unauthenticated' };
const APNS: Delivery = { outcome: 'refused', reason: 'third_party_auth', blames: 'platform' };

function setUp(): { clock: FakeClock; health: DeliveryHealth; note: (...deliveries: Delivery[]) => void } {
  const clock = new FakeClock();
  const health = new DeliveryHealth(clock.read);
  return { clock, health, note: (...deliveries) => deliveries.forEach((delivery) => health.note(delivery)) };
}

test('the score of a provider is that of a healthy one before the first attempt', () => {
  const { health } = setUp();
  expect([health.score, health.attempts, health.isPoor]).toEqual([1, 0, false]);
});

test('the score of a provider is the share of attempts that did not fail for the provider’s fault', () => {
  const { health, note } = setUp();
  note(DELIVERED, GONE, REFUSED, FAILED);
  expect([health.score, health.attempts]).toEqual([0.75, 4]);
});

test('the score of a provider leaves out attempts that are over ten minutes old', () => {
  const { clock, health, note } = setUp();
  note(FAILED, FAILED, FAILED, FAILED, FAILED);
  expect([health.score, health.isPoor]).toEqual([0, true]);
  clock.advance(9 * MINUTE_MS);
  expect(health.isPoor).toBe(true);
  clock.advance(MINUTE_MS);
  expect([health.score, health.isPoor]).toEqual([1, false]);
});

test('the score of a provider is poor only after enough attempts to tell', () => {
  const { health, note } = setUp();
  note(FAILED, FAILED, FAILED, FAILED);
  expect(health.isPoor).toBe(false);
  note(FAILED);
  expect(health.isPoor).toBe(true);
  note(DELIVERED, DELIVERED, DELIVERED, DELIVERED, DELIVERED);
  expect(health.isPoor).toBe(false);
});

test('a provider ails at once when it refuses us, until it judges a device again', () => {
  const { health, note } = setUp();
  note(MISCONFIGURED);
  expect(health.ailment(false)).toEqual({ what: 'refuses us', reason: 'http_403' });
  note(GONE);
  expect(health.ailment(false)).toBeUndefined();
});

test('a provider ails after three failures in a row, not after three among others', () => {
  const { health, note } = setUp();
  note(FAILED, FAILED, DELIVERED, FAILED, FAILED);
  expect(health.ailment(false)).toBeUndefined();
  note(FAILED);
  expect(health.ailment(false)).toEqual({ what: 'unreachable', reason: 'http_503' });
  note(REFUSED);
  expect(health.ailment(false)).toBeUndefined();
});

test('a provider ails at once when it refuses a fresh access token', () => {
  const { health, note } = setUp();
  note(NO_TOKEN_ACCEPTED);
  expect(health.ailment(false)).toEqual({ what: 'unreachable', reason: 'unauthenticated' });
});

test('a provider that ailed still ails while wakes wait for it, and without waiting wakes for ten minutes', () => {
  const { clock, health, note } = setUp();
  note(MISCONFIGURED);
  clock.advance(10 * MINUTE_MS);
  expect(health.ailment(true)).toBeDefined();
  expect(health.ailment(false)).toBeUndefined();
});

test('a provider never ails because of answers about single devices, nor because of "too many"', () => {
  const { health, note } = setUp();
  for (let n = 0; n < 50; n++) note(REFUSED, GONE, THROTTLED, THROTTLED, THROTTLED);
  expect(health.ailment(true)).toBeUndefined();
  expect(health.score).toBe(1);
});

test('a provider does not ail because its APNs key is refused, which has a sign of its own', () => {
  const { clock, health, note } = setUp();
  note(APNS);
  expect(health.ailment(true)).toBeUndefined();
  expect(health.isApnsKeyRefused).toBe(true);
  clock.advance(10 * MINUTE_MS);
  expect(health.isApnsKeyRefused).toBe(false);
});
