import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { AuditSchedule, type AuditEnd } from './audit-schedule.ts';

const LEAST_REST_MS = 10 * SECOND_MS;
const BEAT = { minMs: MINUTE_MS, baseMs: 5 * MINUTE_MS, maxMs: 15 * MINUTE_MS };

function setUp(): { clock: FakeClock; schedule: AuditSchedule; audit: (outcome: AuditEnd) => number } {
  const clock = new FakeClock();
  const schedule = new AuditSchedule({
    beat: BEAT,
    afterStandstillMs: SECOND_MS,
    clock: clock.read,
    monotonic: clock.read,
  });
  /** One audit, at once when it is due. */
  const audit = (outcome: AuditEnd): number => {
    clock.advance(schedule.waitMs);
    schedule.begin();
    schedule.end(outcome);
    return schedule.waitMs;
  };
  return { clock, schedule, audit };
}

test('the beat slows down while audits find nothing, is quick after a find, and slow again when the relay gives nothing', () => {
  const { audit, schedule } = setUp();
  expect(schedule.waitMs).toBe(BEAT.baseMs);
  const outcomes = ['clean', 'clean', 'clean', 'missed', 'clean', 'clean', 'failed', 'missed'] as const;
  expect(outcomes.map((outcome) => audit(outcome) / MINUTE_MS)).toEqual([10, 15, 15, 1, 2, 4, 15, 1]);
});

test('a beat of an audit that was cut off, or of nobody registered, stays as it is', () => {
  const { audit } = setUp();
  expect([audit('cut'), audit('idle')]).toEqual([BEAT.baseMs, BEAT.baseMs]);
});

test('an audit goes back to the begin of the last one that got everything', () => {
  const { audit, clock, schedule } = setUp();
  const first = schedule.since;
  audit('cut');
  audit('failed');
  const before = schedule.since;
  clock.advance(schedule.waitMs);
  const begun = clock.read();
  schedule.begin();
  clock.advance(SECOND_MS);
  schedule.end('clean');
  expect([before, schedule.since]).toEqual([first, begun]);
});

test('after a standstill an audit comes soon, but not within ten seconds after the last one, if that one asked for anything', () => {
  const { audit, clock, schedule } = setUp();
  const waits = (['idle', 'clean', 'missed', 'failed', 'cut'] as const).map((outcome) => {
    audit(outcome);
    clock.advance(2 * SECOND_MS);
    schedule.standstill();
    return schedule.waitMs / SECOND_MS;
  });
  expect(waits).toEqual([1, 8, 8, 8, 8]);
});

test('a standstill during an audit is followed by another audit', () => {
  const { clock, schedule } = setUp();
  clock.advance(schedule.waitMs);
  schedule.begin();
  schedule.standstill();
  schedule.end('clean');
  expect(schedule.waitMs).toBe(LEAST_REST_MS);
});

test.each([
  { tookMs: MINUTE_MS, bytes: 0, waitMs: 10 * MINUTE_MS },
  { tookMs: 0, bytes: 512 * 1024 * 1024, waitMs: 8192 * 1024 },
])(
  'an audit of $tookMs ms and $bytes bytes is followed by a rest of $waitMs ms',
  ({ tookMs, bytes, waitMs }) => {
    const { clock, schedule } = setUp();
    clock.advance(schedule.waitMs);
    schedule.begin();
    clock.advance(tookMs);
    schedule.end('missed', { bytes, ms: tookMs });
    schedule.standstill();
    expect(schedule.waitMs).toBe(waitMs);
  },
);

test('whatever happens, the ranges of the audits leave no time out, audits are ten seconds apart, and one always comes', () => {
  const outcome = fc.constantFrom<AuditEnd>('clean', 'missed', 'idle', 'failed', 'cut');
  const step = fc.record({
    outcome,
    tookMs: fc.nat(HOUR_MS),
    standstills: fc.array(fc.nat(HOUR_MS), { maxLength: 3 }),
    bytes: fc.nat(2 ** 30),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { clock, schedule } = setUp();
      let until = clock.read();
      let endedAt = -Infinity;
      for (const { outcome: end, tookMs, standstills, bytes } of steps) {
        for (const ms of standstills) {
          clock.advance(Math.min(ms, schedule.waitMs));
          schedule.standstill();
        }
        clock.advance(schedule.waitMs);
        expect(clock.read() - endedAt).toBeGreaterThanOrEqual(LEAST_REST_MS);
        // Nothing between the last whole audit and this one is left out.
        expect(schedule.since).toBe(until);
        schedule.begin();
        if (end !== 'failed' && end !== 'cut') until = clock.read();
        clock.advance(tookMs);
        schedule.end(end, { bytes, ms: tookMs });
        // An audit for nobody has asked for nothing, and the next one may follow at once.
        endedAt = end === 'idle' ? -Infinity : clock.read();
        const rest = Math.max(BEAT.maxMs, 10 * tookMs, bytes / 64);
        expect(schedule.waitMs).toBeLessThanOrEqual(rest);
      }
    }),
  );
});
