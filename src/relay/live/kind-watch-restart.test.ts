import { expect, test } from 'vitest';

import { deferred } from '../../../test/support/deferred.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { settled } from '../../../test/support/settled.ts';
import { HOUR_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { KindWatch } from './kind-watch.ts';

function watch(): { one: KindWatch; clock: FakeClock; startedAt: number } {
  const clock = new FakeClock();
  const startedAt = clock.read();
  return {
    one: new KindWatch({ kind: 14, total: { events: 0 }, clock: clock.read, startedAt }),
    clock,
    startedAt,
  };
}

test('after a restart the gap begins at the last proof of life', () => {
  const { one, clock } = watch();
  expect(one.handledUntil).toBeUndefined();
  one.coverage.prove(clock.read());
  clock.advance(HOUR_MS);
  one.coverage.prove(clock.read());
  expect(one.handledUntil).toBe(clock.read());
});

test('a gap keeps the proof of life back until its recovery has ended, and then until its wakes have', async () => {
  const { one, clock, startedAt } = watch();
  one.coverage.prove(startedAt);
  one.coverage.lose();
  clock.advance(HOUR_MS);
  expect(one.handledUntil).toBe(startedAt);
  const recovery = one.pagePlan(undefined);
  const { promise, resolve: end } = deferred();
  one.keepGapUntil(promise);
  one.coverage.prove(clock.read());
  expect(one.handledUntil).toBe(startedAt);
  if (recovery === undefined) throw new Error('there was a gap');
  one.finishRecovery(recovery.report());
  expect(one.handledUntil).toBe(startedAt);
  end();
  await settled();
  expect(one.handledUntil).toBe(clock.read());
});

test('an event that was dropped unverified keeps the proof of life back until it is a gap, and then until the gap is recovered', () => {
  const { one, clock, startedAt } = watch();
  one.noteUnverified(startedAt);
  clock.advance(HOUR_MS);
  one.noteUnverified(clock.read());
  one.coverage.prove(clock.read());
  expect([one.handledUntil, one.hasGap]).toEqual([startedAt, false]);
  expect([one.missUnverified(), one.missUnverified()]).toEqual([true, false]);
  expect([one.handledUntil, one.hasGap]).toEqual([startedAt, true]);
});

test('an event that a recovery dropped unverified is in the gap of the recovery', () => {
  const { one, clock, startedAt } = watch();
  one.coverage.prove(startedAt);
  one.coverage.lose();
  clock.advance(HOUR_MS);
  const recovery = one.pagePlan(undefined);
  if (recovery === undefined) throw new Error('there was a gap');
  one.finishRecovery(recovery.report());
  one.noteUnverified();
  one.coverage.prove(clock.read());
  expect(one.handledUntil).toBe(startedAt);
});

test('a restart is a gap that begins at the saved proof of life', () => {
  const { one, clock } = watch();
  one.resume(clock.read() - HOUR_MS);
  expect([one.coverage.isFresh, one.hasGap, one.handledUntil]).toEqual([false, true, clock.read() - HOUR_MS]);
});

test('after a clock was set back, a restart asks for everything that may still wake', () => {
  const { one, clock } = watch();
  one.resume(clock.read() + SECOND_MS);
  expect(one.handledUntil).toBe(clock.read() - 72 * HOUR_MS);
});
