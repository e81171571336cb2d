import { getEventListeners } from 'node:events';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { withDeadline } from './deadline.ts';

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
    const attempt = withDeadline(1000, new AbortController().signal, untilAborted).finally(
      () => (ended = true),
    );
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await attempt).toBe('aborted');
  });

  test('is told to end with the outer signal', async () => {
    const outer = new AbortController();
    const attempt = withDeadline(1000, outer.signal, untilAborted);
    outer.abort();
    expect(await attempt).toBe('aborted');
  });

  test('begins aborted when the outer signal was', async () => {
    expect(await withDeadline(1000, AbortSignal.abort(), untilAborted)).toBe('aborted at once');
  });

  test.each([
    ['succeeded', async () => 'done'],
    ['failed', async () => Promise.reject(new Error('x'))],
  ])('leaves neither timer nor listener behind when it has %s', async (_, run) => {
    const outer = new AbortController();
    await withDeadline(1000, outer.signal, run).catch(() => undefined);
    expect(vi.getTimerCount()).toBe(0);
    expect(getEventListeners(outer.signal, 'abort')).toEqual([]);
  });

  test('passes on what it returns and what it throws', async () => {
    const { signal } = new AbortController();
    expect(await withDeadline(1000, signal, async () => 'done')).toBe('done');
    await expect(withDeadline(1000, signal, async () => Promise.reject(new Error('x')))).rejects.toThrow('x');
  });
});
