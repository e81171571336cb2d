import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Deadlines } from './deadlines.ts';
import { withDeadline } from './with-deadline.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** An attempt that ends when, and only when, its signal aborts. */
function untilAborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted at once');
    signal.addEventListener('abort', () => resolve('aborted'));
  });
}

describe('an attempt with a deadline', () => {
  test('is told to end when its time is over, and not before', async () => {
    let ended = false;
    const attempt = withDeadline(new Deadlines(1000), new AbortController().signal, untilAborted).finally(
      () => (ended = true),
    );
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await attempt).toBe('aborted');
  });

  test('is told to end with the outer signal', async () => {
    const outer = new AbortController();
    const attempt = withDeadline(new Deadlines(1000), outer.signal, untilAborted);
    outer.abort();
    expect(await attempt).toBe('aborted');
  });

  test('begins aborted when the outer signal was', async () => {
    expect(await withDeadline(new Deadlines(1000), AbortSignal.abort(), untilAborted)).toBe(
      'aborted at once',
    );
  });

  test.each([
    ['succeeded', async () => 'done'],
    ['failed', async () => Promise.reject(new Error('x'))],
  ])('that has %s is not told to end afterwards', async (_, run) => {
    const deadlines = new Deadlines(1000);
    const outer = new AbortController();
    let ended = 0;
    const attempt = withDeadline(deadlines, outer.signal, (signal) => {
      signal.addEventListener('abort', () => ended++);
      return run();
    });
    await attempt.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(5000);
    outer.abort();
    expect([ended, vi.getTimerCount()]).toEqual([0, 0]);
  });

  test('passes on what it returns and what it throws', async () => {
    const { signal } = new AbortController();
    expect(await withDeadline(new Deadlines(1000), signal, async () => 'done')).toBe('done');
    await expect(
      withDeadline(new Deadlines(1000), signal, async () => Promise.reject(new Error('x'))),
    ).rejects.toThrow('x');
  });
});
