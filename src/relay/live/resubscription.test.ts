import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Resubscription } from './resubscription.ts';

/** Without chance in them: a hitch waits 10, 20, 40, at most 50; a refusal 100 + 1000, 2000, … */
const TIMING = { resubscribe: { baseMs: 10, maxMs: 50 }, refused: { baseMs: 1000, maxMs: 4000, minMs: 100 } };

/** How long it takes until it is asked again. */
function wait(again: Resubscription, cause: 'hitch' | 'refusal'): number {
  const begun = Date.now();
  let askedAt = NaN;
  again.after(cause, () => (askedAt = Date.now()));
  vi.runAllTimers();
  return askedAt - begun;
}

describe('asking again', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    vi.spyOn(Math, 'random').mockReturnValue(1);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test('is soon after a hitch, and later after each further one', () => {
    const again = new Resubscription(TIMING);
    expect([1, 2, 3, 4].map(() => wait(again, 'hitch'))).toEqual([10, 20, 40, 50]);
  });

  test('is seldom after a refusal, whatever hitches there were', () => {
    const again = new Resubscription(TIMING);
    wait(again, 'hitch');
    expect([1, 2, 3, 4].map(() => wait(again, 'refusal'))).toEqual([1100, 2100, 4100, 4100]);
    expect(wait(again, 'hitch')).toBe(20);
  });

  test('is as at the beginning once the relay has served it', () => {
    const again = new Resubscription(TIMING);
    for (const cause of ['hitch', 'refusal', 'hitch'] as const) wait(again, cause);
    again.reset();
    expect([wait(again, 'hitch'), wait(again, 'refusal')]).toEqual([10, 1100]);
  });

  test('is once at a time: the last word counts', () => {
    const again = new Resubscription(TIMING);
    const asked: string[] = [];
    again.in(5, () => asked.push('first'));
    again.after('hitch', () => asked.push('second'));
    vi.runAllTimers();
    expect(asked).toEqual(['second']);
  });

  test('is over when it is stopped', () => {
    const again = new Resubscription(TIMING);
    again.in(5, () => expect.unreachable());
    again.stop();
    expect(vi.getTimerCount()).toBe(0);
  });
});
