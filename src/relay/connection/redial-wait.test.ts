import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { waitToRedial, type RedialWait } from './redial-wait.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Waits as told. @returns after how many seconds the wait ended */
async function secondsOf(
  wait: Omit<RedialWait, 'isAnotherConnected'>,
  isAnotherConnected: (seconds: number) => boolean,
  stop = Infinity,
): Promise<number> {
  let seconds = 0;
  const over = new Set<true>();
  const end = new AbortController();
  const waiting = waitToRedial(
    { ...wait, isAnotherConnected: () => isAnotherConnected(seconds) },
    end.signal,
  );
  void waiting.then(() => over.add(true));
  await vi.advanceTimersByTimeAsync(0);
  while (over.size === 0 && seconds < 10_000) {
    seconds++;
    if (seconds === stop) end.abort();
    await vi.advanceTimersByTimeAsync(1000);
  }
  return seconds;
}

const MINUTE = { waitMs: 60_000, aloneMs: 15_000, askedMs: 0 };

test('a relay is waited for as long as its failures call for, while another is connected', async () => {
  expect(await secondsOf(MINUTE, () => true)).toBe(60);
});

test('a relay is waited for 15 seconds at most, while no other is connected', async () => {
  expect(await secondsOf(MINUTE, () => false)).toBe(15);
  expect(await secondsOf({ ...MINUTE, waitMs: 3000 }, () => false)).toBe(3);
});

test('a relay that has been waited for longer than 15 seconds is dialled as soon as the last other one is lost', async () => {
  expect(await secondsOf(MINUTE, (seconds) => seconds < 30)).toBe(30);
});

test('a relay is waited for as long as it has asked, whatever the others do', async () => {
  expect(await secondsOf({ ...MINUTE, askedMs: 90_000 }, () => false)).toBe(90);
});

test('a wait for a relay ends at once when the relay is dropped', async () => {
  expect(await secondsOf(MINUTE, () => true, 7)).toBe(7);
});
