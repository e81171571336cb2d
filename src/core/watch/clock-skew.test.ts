import { describe, expect, test } from 'vitest';

import { ClockSkew, GOOGLE } from './clock-skew.ts';

const NOW = Date.parse('2026-11-24T12:00:00.500Z');

function setUp(): {
  skew: ClockSkew;
  time: { wall: number; monotonic: number };
  says: (offSeconds: number) => string;
} {
  const time = { wall: NOW, monotonic: 1000 };
  const skew = new ClockSkew(
    () => time.wall,
    () => time.monotonic,
  );
  return { skew, time, says: (offSeconds) => new Date(NOW - offSeconds * 1000).toUTCString() };
}

describe('how far our clock is off', () => {
  test('is unknown before any source told the time, and that is no alarm', () => {
    const { skew } = setUp();
    expect([skew.seconds, skew.isOff]).toEqual([undefined, false]);
  });

  test.each([undefined, 12, '', 'yesterday', ['Tue, 24 Nov 2026 12:00:00 GMT']])(
    'is not told by %j',
    (date) => {
      const { skew } = setUp();
      skew.note('relay.example', date);
      expect(skew.seconds).toBeUndefined();
    },
  );

  test.each([
    [0, false],
    [59, false],
    [-59, false],
    [600, true],
    [-600, true],
  ])('is %d s, an alarm: %s', (offSeconds, isOff) => {
    const { says, skew } = setUp();
    skew.note('relay.example', says(offSeconds));
    expect([Math.round(skew.seconds ?? Number.NaN), skew.isOff]).toEqual([offSeconds, isOff]);
  });

  test('is what Google says, even if relays disagree', () => {
    const { says, skew } = setUp();
    for (const relay of ['a', 'b', 'c']) skew.note(relay, says(600));
    skew.note(GOOGLE, says(0));
    expect(skew.isOff).toBe(false);
  });

  test('is the middle of what the relays say, so one liar among three changes nothing', () => {
    const { says, skew } = setUp();
    skew.note('honest', says(1));
    skew.note('liar', says(86_400));
    skew.note('honest too', says(2));
    expect(Math.round(skew.seconds ?? Number.NaN)).toBe(2);
  });

  test('ends as soon as our clock is set, without a further answer', () => {
    const { says, skew, time } = setUp();
    skew.note(GOOGLE, says(600));
    time.wall += 60_000 - 600_000;
    time.monotonic += 60_000;
    expect([skew.seconds, skew.isOff]).toEqual([0, false]);
  });

  test('is told by at most 32 sources, and always by Google', () => {
    const { says, skew } = setUp();
    for (let n = 0; n < 32; n++) skew.note(`relay ${n}`, says(0));
    for (let n = 0; n < 100; n++) skew.note(`further relay ${n}`, says(600));
    expect(skew.isOff).toBe(false);
    skew.note(GOOGLE, says(600));
    expect(skew.isOff).toBe(true);
  });
});
