import { describe, expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { RelayConduct, type Misconduct } from './relay-conduct.ts';

function setUp(): { conduct: RelayConduct; clock: FakeClock; reported: Misconduct[] } {
  const clock = new FakeClock();
  const reported: Misconduct[] = [];
  return {
    conduct: new RelayConduct(clock.read, (misconduct) => reported.push(misconduct)),
    clock,
    reported,
  };
}

describe.each([
  ['rubbish', 300, 1],
  ['chatter', 60, 1],
] as const)('%s', (misconduct, burst, secondsEach) => {
  test(`is borne ${burst} times at once, and not once more`, () => {
    const { conduct, reported } = setUp();
    for (let n = 0; n < burst; n++) conduct.note(misconduct);
    const before = [...reported];
    conduct.note(misconduct);
    expect([before, reported]).toEqual([[], [misconduct]]);
  });

  test('is borne for ever as often as it is earned', () => {
    const { conduct, clock, reported } = setUp();
    for (let n = 0; n < 10 * burst; n++) {
      conduct.note(misconduct);
      clock.advance(secondsEach * SECOND_MS);
    }
    expect(reported).toEqual([]);
  });

  test('is borne as at the beginning after a quiet hour', () => {
    const { conduct, clock, reported } = setUp();
    for (const _ of [1, 2]) {
      for (let n = 0; n < burst; n++) conduct.note(misconduct);
      clock.advance(HOUR_MS);
    }
    expect(reported).toEqual([]);
  });
});

test('one sort of misconduct is not charged to another', () => {
  const { conduct, reported } = setUp();
  for (let n = 0; n < 60; n++) for (const each of ['rubbish', 'chatter'] as const) conduct.note(each);
  expect(reported).toEqual([]);
});

test('too much misconduct on one connection is reported once, whatever follows', () => {
  const { conduct, reported } = setUp();
  for (let n = 0; n < 400; n++) for (const each of ['chatter', 'rubbish'] as const) conduct.note(each);
  expect(reported).toEqual(['chatter']);
});
