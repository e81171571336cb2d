import { expect, test } from 'vitest';

import { FakeClock } from '../../test/support/fake-clock.ts';
import { HOUR_MS } from '../core/basics/clock.ts';
import { PastAlarms } from './past-alarms.ts';

test('the alarms of the last day have their begin and end, the latest first; one that stands has no end', () => {
  const clock = new FakeClock();
  const past = new PastAlarms(clock.read);
  past.raised('a', { alarm: 'OAuth down', provider: 'fcm', reason: 'http_503' });
  const begunAt = clock.now;
  clock.advance(HOUR_MS);
  past.raised('b', { alarm: 'relay unreachable', relay: 'r.example', remedy: 'give a password' });
  past.cleared('a');
  expect(past.all()).toEqual([
    { alarm: 'relay unreachable', relay: 'r.example', level: 'warn', begunAt: begunAt + HOUR_MS },
    { alarm: 'OAuth down', provider: 'fcm', level: 'error', begunAt, endedAt: begunAt + HOUR_MS },
  ]);
});

test('an alarm is remembered for a day after its end, and one that stands for as long as it stands', () => {
  const clock = new FakeClock();
  const past = new PastAlarms(clock.read);
  past.raised('a', { alarm: 'disk full' });
  past.raised('b', { alarm: 'OAuth down' });
  past.cleared('a');
  clock.advance(24 * HOUR_MS);
  expect(past.all()).toHaveLength(2);
  clock.advance(1);
  expect(past.all()).toMatchObject([{ alarm: 'OAuth down' }]);
});

test('of an alarm that comes and goes all day the last hundred times are remembered', () => {
  const clock = new FakeClock();
  const past = new PastAlarms(clock.read);
  for (let n = 0; n < 1000; n++) {
    past.raised('a', { alarm: '429 pause' });
    clock.advance(1000);
    past.cleared('a');
  }
  expect(past.all()).toHaveLength(100);
  expect(past.all()[0]).toMatchObject({ endedAt: clock.now });
});
