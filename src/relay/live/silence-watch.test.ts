import { beforeEach, afterEach, describe, expect, test, vi } from 'vitest';

import { SilenceWatch } from './silence-watch.ts';

const START = Date.UTC(2026, 0, 1);

/** A watch that begins now, and the silences that it noticed: since when each lasted, in milliseconds from the start. */
function setUp(maxSilenceMs = 1000): { watch: SilenceWatch; silences: number[] } {
  const silences: number[] = [];
  const watch = new SilenceWatch({
    clock: Date.now,
    silenceMs: 1000,
    maxSilenceMs,
    onSilence: (since) => silences.push(since - START),
  });
  watch.begin(Date.now());
  return { watch, silences };
}

describe('a silence', () => {
  beforeEach(() => void vi.useFakeTimers({ now: START }));
  afterEach(() => void vi.useRealTimers());

  test('is noticed when it has lasted for the given time, with the time of the last event', () => {
    const { silences } = setUp();
    vi.advanceTimersByTime(999);
    const before = [...silences];
    vi.advanceTimersByTime(1);
    expect([before, silences]).toEqual([[], [0]]);
  });

  test('is noticed again after twice the time, up to the longest, while nothing comes', () => {
    const { silences } = setUp(4000);
    const noticed = [1000, 2000, 4000, 4000].map((ms) => {
      vi.advanceTimersByTime(ms - 1);
      const before = silences.length;
      vi.advanceTimersByTime(1);
      return [before, silences.length];
    });
    expect(noticed).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
    ]);
  });

  test('is noticed after the usual time again once an event has come', () => {
    const { watch, silences } = setUp(4000);
    vi.advanceTimersByTime(3000);
    watch.heard(Date.now());
    vi.advanceTimersByTime(1000);
    expect(silences).toEqual([0, 0, 3000]);
  });

  test('that was noticed is not forgotten when the subscription becomes live once more: the wait stays long', () => {
    const { watch, silences } = setUp(4000);
    vi.advanceTimersByTime(1000);
    watch.begin(Date.now());
    vi.advanceTimersByTime(1999);
    expect(silences).toEqual([0]);
  });

  test('is none as long as events come', () => {
    const { watch, silences } = setUp();
    for (let n = 0; n < 50; n++) {
      vi.advanceTimersByTime(900);
      watch.heard(Date.now());
    }
    expect(silences).toEqual([]);
  });

  test('is noticed before it has lasted twice the given time, whenever the last event came', () => {
    for (const last of [1, 500, 999]) {
      const begun = Date.now() - START;
      const { watch, silences } = setUp();
      vi.advanceTimersByTime(last);
      watch.heard(Date.now());
      vi.advanceTimersByTime(2000 - last);
      watch.stop();
      expect(silences).toEqual([begun + last]);
    }
  });

  test('is measured by another time alone when that is asked for', () => {
    const { watch, silences } = setUp();
    watch.listenFor(5000);
    vi.advanceTimersByTime(4999);
    const before = [...silences];
    vi.advanceTimersByTime(1);
    expect([before, silences]).toEqual([[], [0]]);
  });

  test('is not noticed any more after a stop', () => {
    const { watch, silences } = setUp();
    watch.stop();
    vi.advanceTimersByTime(5000);
    expect([silences, vi.getTimerCount()]).toEqual([[], 0]);
  });

  test('is none because the clock was set back', () => {
    const { silences } = setUp();
    vi.setSystemTime(START - 3_600_000);
    vi.advanceTimersByTime(1000);
    expect(silences).toEqual([]);
  });
});
