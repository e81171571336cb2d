import { beforeEach, afterEach, describe, expect, test, vi } from 'vitest';

import { SilenceWatch } from './silence-watch.ts';

const START = Date.UTC(2026, 0, 1);

/** A watch that was heard now, and what it noticed: since when it was silent, in milliseconds from the start. */
function setUp(): { watch: SilenceWatch; silences: number[] } {
  const silences: number[] = [];
  const watch = new SilenceWatch(Date.now, (since) => silences.push(since - START));
  watch.heard(Date.now());
  return { watch, silences };
}

describe('a silence', () => {
  beforeEach(() => void vi.useFakeTimers({ now: START }));
  afterEach(() => void vi.useRealTimers());

  test('is noticed when it has lasted so long, with the time of the last word', () => {
    const { watch, silences } = setUp();
    watch.listen(1000);
    vi.advanceTimersByTime(999);
    const before = [...silences];
    vi.advanceTimersByTime(1);
    expect([before, silences]).toEqual([[], [0]]);
  });

  test('is noticed once', () => {
    const { watch, silences } = setUp();
    watch.listen(1000);
    vi.advanceTimersByTime(10_000);
    expect([silences, vi.getTimerCount()]).toEqual([[0], 0]);
  });

  test('is none as long as something is heard', () => {
    const { watch, silences } = setUp();
    watch.listen(1000);
    for (let n = 0; n < 50; n++) {
      vi.advanceTimersByTime(900);
      watch.heard(Date.now());
    }
    expect(silences).toEqual([]);
  });

  test('is noticed before it has lasted twice as long, whenever the last word was', () => {
    for (const last of [1, 500, 999]) {
      const { watch, silences } = setUp();
      const begun = Date.now() - START;
      watch.listen(1000);
      vi.advanceTimersByTime(last);
      watch.heard(Date.now());
      vi.advanceTimersByTime(2000 - last);
      expect(silences).toEqual([begun + last]);
    }
  });

  test('is measured anew when it is listened for anew, by the new time alone', () => {
    const { watch, silences } = setUp();
    watch.listen(1000);
    watch.listen(5000);
    vi.advanceTimersByTime(4999);
    const before = [...silences];
    vi.advanceTimersByTime(1);
    expect([before, silences]).toEqual([[], [0]]);
  });

  test('is not noticed any more after a stop', () => {
    const { watch, silences } = setUp();
    watch.listen(1000);
    watch.stop();
    vi.advanceTimersByTime(5000);
    expect([silences, vi.getTimerCount()]).toEqual([[], 0]);
  });

  test('is none because the clock was set back', () => {
    const { watch, silences } = setUp();
    watch.listen(1000);
    vi.setSystemTime(START - 3_600_000);
    vi.advanceTimersByTime(1000);
    expect(silences).toEqual([]);
  });
});
