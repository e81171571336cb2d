import { expect, test } from 'vitest';

import { many } from '../../../test/support/draw.ts';
import { EvictionGuard } from './eviction-guard.ts';

function setUp() {
  const guard = new EvictionGuard();
  let devices = 0;
  return {
    guard,
    /** Calls this many new devices gone. */
    gone: (count: number) => many(count, () => guard.noteGone(`device ${devices++}`)),
    /** Delivers a wake to devices of this name. */
    delivered: (count: number, name = 'other') =>
      many(count, () => guard.noteDelivered(`${name} ${devices++}`)),
  };
}

test('the eviction guard is up from the tenth device that is called gone, if nothing is delivered', () => {
  const { gone, guard } = setUp();
  gone(9);
  expect(guard.isUp).toBe(false);
  gone(1);
  expect(guard.isUp).toBe(true);
});

test('the eviction guard is up from the eleventh gone of fifty answers, however many were delivered before', () => {
  const { delivered, gone, guard } = setUp();
  delivered(5000);
  gone(10);
  expect(guard.isUp).toBe(false);
  gone(1);
  expect(guard.isUp).toBe(true);
});

test('the eviction guard is up until four of five answers are deliveries again', () => {
  const { delivered, gone, guard } = setUp();
  gone(40);
  delivered(39);
  expect(guard.isUp).toBe(true);
  delivered(1);
  expect(guard.isUp).toBe(false);
});

test('dead tokens, however many, keep only themselves from eviction, and no device that had a wake delivered', () => {
  const { gone, guard } = setUp();
  guard.noteDelivered('alice');
  gone(1000);
  expect([guard.protects('alice'), guard.protects('junk')]).toEqual([false, true]);
});

test('dead tokens are protected like all devices while too many devices are called gone that had wakes delivered', () => {
  const { guard } = setUp();
  for (let n = 0; n < 20; n++) guard.noteDelivered(`phone ${n}`);
  for (let n = 0; n < 11; n++) guard.noteGone(`phone ${n}`);
  expect([guard.isUp, guard.protects('phone 3'), guard.protects('junk')]).toEqual([true, true, true]);
});
