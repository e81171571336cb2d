import { getEventListeners } from 'node:events';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { Patience } from './patience.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('patience', () => {
  test('is over when its time is, and not before', () => {
    const onOver = vi.fn<() => void>();
    const patience = new Patience(1000, new AbortController().signal);
    patience.whenOver(onOver);
    vi.advanceTimersByTime(999);
    expect([patience.isOver, onOver.mock.calls.length]).toEqual([false, 0]);
    vi.advanceTimersByTime(1);
    expect([patience.isOver, onOver.mock.calls.length]).toEqual([true, 1]);
  });

  test('is over when the signal aborts, and tells the one who was named last', () => {
    const [first, last] = [vi.fn<() => void>(), vi.fn<() => void>()];
    const outer = new AbortController();
    const patience = new Patience(1000, outer.signal);
    patience.whenOver(first);
    patience.whenOver(last);
    outer.abort();
    expect([first.mock.calls.length, last.mock.calls.length]).toEqual([0, 1]);
  });

  test('that is over tells at once, also where the signal had aborted before', () => {
    const onOver = vi.fn<() => void>();
    new Patience(1000, AbortSignal.abort()).whenOver(onOver);
    expect(onOver).toHaveBeenCalledOnce();
  });

  test('that is no longer needed leaves neither timer nor listener, and tells nobody', () => {
    const onOver = vi.fn<() => void>();
    const outer = new AbortController();
    const patience = new Patience(1000, outer.signal);
    patience.whenOver(onOver);
    patience[Symbol.dispose]();
    outer.abort();
    expect([vi.getTimerCount(), getEventListeners(outer.signal, 'abort').length]).toEqual([0, 0]);
    expect(onOver).not.toHaveBeenCalled();
  });
});
