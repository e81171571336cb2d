import { getEventListeners } from 'node:events';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Deadlines } from './deadlines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = (): AbortSignal => new AbortController().signal;

describe('a deadline', () => {
  test('is over when its time has passed, and not before', () => {
    const onOver = vi.fn<() => void>();
    const deadline = new Deadlines(1000).begin(never());
    deadline.whenOver(onOver);
    vi.advanceTimersByTime(999);
    expect([deadline.isOver, onOver.mock.calls.length]).toEqual([false, 0]);
    vi.advanceTimersByTime(1);
    expect([deadline.isOver, onOver.mock.calls.length]).toEqual([true, 1]);
  });

  test('is over when its signal aborts, and calls only the callback that was set last', () => {
    const [first, last] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const outer = new AbortController();
    const deadline = new Deadlines(1000).begin(outer.signal);
    deadline.whenOver(first);
    deadline.whenOver(last);
    outer.abort();
    vi.advanceTimersByTime(5000);
    expect([first.mock.calls.length, last.mock.calls.length]).toEqual([0, 1]);
  });

  test('calls back at once if its signal had already aborted', () => {
    const onOver = vi.fn<() => void>();
    new Deadlines(1000).begin(AbortSignal.abort()).whenOver(onOver);
    expect(onOver).toHaveBeenCalledOnce();
  });

  test('calls back once if its signal aborts after its time has passed', () => {
    const onOver = vi.fn<() => void>();
    const outer = new AbortController();
    new Deadlines(1000).begin(outer.signal).whenOver(onOver);
    vi.advanceTimersByTime(1000);
    outer.abort();
    expect(onOver).toHaveBeenCalledOnce();
  });

  test('never calls back after its attempt has ended', () => {
    const onOver = vi.fn<() => void>();
    const outer = new AbortController();
    const deadline = new Deadlines(1000).begin(outer.signal);
    deadline.whenOver(onOver);
    deadline[Symbol.dispose]();
    outer.abort();
    vi.advanceTimersByTime(5000);
    expect(onOver).not.toHaveBeenCalled();
  });
});

describe('many deadlines', () => {
  test('have each their whole time, with one timer for all and one listener for each signal', () => {
    const deadlines = new Deadlines(1000);
    const [signal, other] = [never(), never()];
    const over: string[] = [];
    const begin = (name: string, of: AbortSignal) => {
      const deadline = deadlines.begin(of);
      deadline.whenOver(() => over.push(name));
      return deadline;
    };
    begin('a', signal);
    vi.advanceTimersByTime(400);
    const b = begin('b', signal);
    begin('c', other);
    vi.advanceTimersByTime(400);
    begin('d', signal);
    b[Symbol.dispose]();
    expect(vi.getTimerCount()).toBe(1);
    expect(getEventListeners(signal, 'abort')).toHaveLength(1);
    for (const [ms, names] of [
      [199, []],
      [1, ['a']],
      [399, ['a']],
      [1, ['a', 'c']],
      [400, ['a', 'c', 'd']],
    ] as const) {
      vi.advanceTimersByTime(ms);
      expect(over).toEqual(names);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are over together when the signal that they share aborts, and no deadline of another signal is', () => {
    const deadlines = new Deadlines(1000);
    const shared = new AbortController();
    const [a, b, c] = [shared.signal, shared.signal, never()].map((signal) => deadlines.begin(signal));
    shared.abort();
    expect([a, b, c].map((deadline) => deadline?.isOver)).toEqual([true, true, false]);
  });
});

/** An attempt that ends when, and only when, its signal aborts. */
function untilAborted(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted at once');
    signal.addEventListener('abort', () => resolve('aborted'));
  });
}

describe('the signal of an attempt with a deadline', () => {
  test('aborts when its time has passed, and not before', async () => {
    let ended = false;
    const attempt = new Deadlines(1000).run(never(), untilAborted).finally(() => (ended = true));
    await vi.advanceTimersByTimeAsync(999);
    expect(ended).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(await attempt).toBe('aborted');
  });

  test('aborts with the outer signal', async () => {
    const outer = new AbortController();
    const attempt = new Deadlines(1000).run(outer.signal, untilAborted);
    outer.abort();
    expect(await attempt).toBe('aborted');
  });

  test('is aborted from the start if the outer signal was', async () => {
    expect(await new Deadlines(1000).run(AbortSignal.abort(), untilAborted)).toBe('aborted at once');
  });

  test.each([
    ['succeeded', async () => 'done'],
    ['failed', async () => Promise.reject(new Error('x'))],
  ])('does not abort after the attempt has %s', async (_, run) => {
    const outer = new AbortController();
    let ended = 0;
    const attempt = new Deadlines(1000).run(outer.signal, (signal) => {
      signal.addEventListener('abort', () => ended++);
      return run();
    });
    await attempt.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(5000);
    outer.abort();
    expect([ended, vi.getTimerCount()]).toEqual([0, 0]);
  });
});

test('an attempt with a deadline passes on the value that it returns and the error that it throws', async () => {
  const deadlines = new Deadlines(1000);
  expect(await deadlines.run(never(), async () => 'done')).toBe('done');
  await expect(deadlines.run(never(), async () => Promise.reject(new Error('x')))).rejects.toThrow('x');
});
