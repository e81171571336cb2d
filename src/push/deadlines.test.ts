import { getEventListeners } from 'node:events';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Deadlines } from './deadlines.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = (): AbortSignal => new AbortController().signal;

describe('an attempt', () => {
  test('is given up when its time is over, and not before', () => {
    const onOver = vi.fn<() => void>();
    const patience = new Deadlines(1000).begin(never());
    patience.whenOver(onOver);
    vi.advanceTimersByTime(999);
    expect([patience.isOver, onOver.mock.calls.length]).toEqual([false, 0]);
    vi.advanceTimersByTime(1);
    expect([patience.isOver, onOver.mock.calls.length]).toEqual([true, 1]);
  });

  test('is given up when its signal aborts, and tells the one who was named last', () => {
    const [first, last] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const outer = new AbortController();
    const patience = new Deadlines(1000).begin(outer.signal);
    patience.whenOver(first);
    patience.whenOver(last);
    outer.abort();
    vi.advanceTimersByTime(5000);
    expect([first.mock.calls.length, last.mock.calls.length]).toEqual([0, 1]);
  });

  test('tells at once when it was given up before, also where the signal had aborted already', () => {
    const onOver = vi.fn<() => void>();
    new Deadlines(1000).begin(AbortSignal.abort()).whenOver(onOver);
    expect(onOver).toHaveBeenCalledOnce();
  });

  test('that has ended tells nobody', () => {
    const onOver = vi.fn<() => void>();
    const outer = new AbortController();
    const patience = new Deadlines(1000).begin(outer.signal);
    patience.whenOver(onOver);
    patience[Symbol.dispose]();
    outer.abort();
    vi.advanceTimersByTime(5000);
    expect(onOver).not.toHaveBeenCalled();
  });
});

describe('many attempts', () => {
  test('have each its whole time, with one timer and one listener for all', () => {
    const deadlines = new Deadlines(1000);
    const [signal, other] = [never(), never()];
    const given: string[] = [];
    const begin = (name: string, of: AbortSignal) => {
      const patience = deadlines.begin(of);
      patience.whenOver(() => given.push(name));
      return patience;
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
      expect(given).toEqual(names);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  test('are given up together by the signal that they share, and no other', () => {
    const deadlines = new Deadlines(1000);
    const shared = new AbortController();
    const [a, b, c] = [shared.signal, shared.signal, never()].map((signal) => deadlines.begin(signal));
    shared.abort();
    expect([a, b, c].map((patience) => patience?.isOver)).toEqual([true, true, false]);
  });
});
