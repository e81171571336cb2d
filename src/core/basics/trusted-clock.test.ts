import { describe, expect, test } from 'vitest';

import { HOUR_MS, MINUTE_MS, SECOND_MS } from './clock.ts';
import { TrustedClock, type Correction } from './trusted-clock.ts';

const START = Date.UTC(2026, 0, 1);

/** A machine whose clock can be set and that can sleep, and witnesses with the answers that the test chooses. */
function setUp() {
  let [wall, monotonic, uptime] = [START, 5000, 90_000];
  const says = { agree: false, disagree: false };
  const asked: { time: number; since: number }[] = [];
  const corrections: Correction[] = [];
  const clock = new TrustedClock({
    wall: () => wall,
    monotonic: () => monotonic,
    uptime: () => uptime,
    witnesses: () => ({
      agreeWith: (time, since) => {
        asked.push({ time, since });
        return says.agree;
      },
      get disagree() {
        return says.disagree;
      },
    }),
    onCorrected: (correction) => corrections.push(correction),
  });
  return {
    clock,
    says,
    asked,
    corrections,
    /** Time passes. */
    pass: (ms: number) => {
      wall += ms;
      monotonic += ms;
      uptime += ms;
    },
    set: (ms: number) => void (wall += ms),
    sleep: (ms: number) => {
      wall += ms;
      uptime += ms;
    },
    /** The machine stands still and its clocks with it, as a virtual machine can. When it goes on, its time of day is set. */
    freeze: (ms: number) => void (wall += ms),
  };
}

test.each([HOUR_MS, -HOUR_MS, 72 * HOUR_MS])(
  'a clock that is set by %i ms without a witness changes nothing, and nothing may expire until it is set back',
  (ms) => {
    const { clock, pass, set, corrections } = setUp();
    pass(SECOND_MS);
    set(ms);
    pass(MINUTE_MS);
    expect(clock.read()).toBe(START + SECOND_MS + MINUTE_MS);
    expect(clock.elapsed()).toBe(5000 + SECOND_MS + MINUTE_MS);
    expect(clock.isTrusted).toBe(false);
    set(-ms);
    expect(clock.isTrusted).toBe(true);
    expect(clock.read()).toBe(START + SECOND_MS + MINUTE_MS);
    expect(corrections).toEqual([]);
  },
);

test('a clock that is set is followed when a witness has agreed since then, and the correction is reported', () => {
  const { asked, clock, corrections, pass, says, set } = setUp();
  pass(MINUTE_MS);
  set(2 * HOUR_MS);
  expect(clock.isTrusted).toBe(false);
  pass(SECOND_MS);
  says.agree = true;
  expect(clock.read()).toBe(START + MINUTE_MS + SECOND_MS + 2 * HOUR_MS);
  expect(asked.at(-1)?.since).toBe(5000 + MINUTE_MS);
  expect(corrections).toEqual([{ since: START, until: START + MINUTE_MS + SECOND_MS, byMs: 2 * HOUR_MS }]);
  expect(clock.isTrusted).toBe(true);
});

test('a clock that is slewed, or set by less than a minute, is followed at once', () => {
  const { clock, pass, set } = setUp();
  for (let n = 0; n < 100; n++) {
    set(50 * SECOND_MS);
    pass(SECOND_MS);
    expect(clock.read()).toBe(START + (n + 1) * 51 * SECOND_MS);
  }
  expect(clock.isTrusted).toBe(true);
});

describe('a machine that slept', () => {
  test('needs no witness if its uptime counts the sleep', () => {
    const { clock, corrections, pass, sleep } = setUp();
    sleep(8 * HOUR_MS);
    pass(SECOND_MS);
    expect(clock.read()).toBe(START + 8 * HOUR_MS + SECOND_MS);
    expect(clock.elapsed()).toBe(5000 + 8 * HOUR_MS + SECOND_MS);
    expect([clock.isTrusted, corrections]).toEqual([true, []]);
  });

  test('needs a witness if its uptime does not count the sleep', () => {
    const { clock, freeze, says } = setUp();
    freeze(8 * HOUR_MS);
    expect([clock.isTrusted, clock.read()]).toEqual([false, START]);
    says.agree = true;
    expect([clock.isTrusted, clock.read()]).toEqual([true, START + 8 * HOUR_MS]);
  });
});

test('nothing may expire while witnesses say that the clock is wrong, nor after a start that does not fit the store', () => {
  const { clock, says } = setUp();
  says.disagree = true;
  expect(clock.isTrusted).toBe(false);
  says.disagree = false;
  expect(clock.isTrusted).toBe(true);
  clock.doubtStart();
  expect(clock.isTrusted).toBe(false);
  says.agree = true;
  expect(clock.isTrusted).toBe(true);
});

describe('a clock that was wrong at the start', () => {
  test.each([80 * HOUR_MS, -80 * HOUR_MS])(
    'by %i ms is set right when Google has said so twice, and the correction is reported',
    (ms) => {
      const { clock, corrections, pass } = setUp();
      pass(SECOND_MS);
      clock.heed(START + SECOND_MS - ms);
      expect([clock.read(), corrections]).toEqual([START + SECOND_MS, []]);
      pass(SECOND_MS);
      clock.heed(START + 2 * SECOND_MS - ms);
      expect(corrections).toEqual([{ since: START, until: START + 2 * SECOND_MS, byMs: -ms }]);
      pass(HOUR_MS);
      expect(clock.read()).toBe(START + 2 * SECOND_MS - ms + HOUR_MS);
      expect(clock.isTrusted).toBe(false);
    },
  );

  test('is trusted when the machine’s clock is set right, too', () => {
    const { clock, pass, says, set } = setUp();
    for (let n = 0; n < 2; n++) clock.heed(START - HOUR_MS);
    says.disagree = true;
    expect(clock.isTrusted).toBe(false);
    set(-HOUR_MS);
    says.disagree = false;
    pass(MINUTE_MS);
    expect([clock.isTrusted, clock.read()]).toEqual([true, START - HOUR_MS + MINUTE_MS]);
  });

  test.each([
    ['one answer of Google', [HOUR_MS]],
    ['two answers that differ', [HOUR_MS, 3 * HOUR_MS]],
    ['any number of them after one that agreed', [0, HOUR_MS, HOUR_MS, HOUR_MS]],
  ])('is not what %s makes of it', (_, differences) => {
    const { clock, corrections } = setUp();
    for (const ms of differences) clock.heed(START + ms);
    expect([clock.read(), corrections]).toEqual([START, []]);
  });
});
