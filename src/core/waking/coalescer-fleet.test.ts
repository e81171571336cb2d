import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import { Coalescer } from './coalescer.ts';
import type { KeyWakeOptions } from './key-wake.ts';

const PHONE = 'fcm phone';
const CHAT = { kind: 'chat_wake' } as const;

/** Two servers of a fleet, with one clock. */
function setUp() {
  const time = new FakeSchedule();
  const server = () => {
    const wakes: string[] = [];
    const coalescer = new Coalescer({
      batchDelayMs: 5 * SECOND_MS,
      cooldownMs: MINUTE_MS,
      schedule: time.schedule,
      monotonic: time.clock.read,
      hand: async ({ kind }) => {
        wakes.push(kind);
        return 'sent';
      },
    });
    const ask = (parts: Partial<KeyWakeOptions> = {}): void =>
      void coalescer.request(keyWake('phone', parts));
    return { coalescer, wakes, ask };
  };
  return { time, here: server(), there: server() };
}

test('what runs and counts for a device goes on at another server of the fleet', async () => {
  const { here, there, time } = setUp();
  // 30 unvouched wakes, and some chat wakes.
  for (let n = 0; n < 40; n++) {
    here.ask();
    if (n < 3) here.ask(CHAT);
    await time.advance(MINUTE_MS);
  }
  expect(here.wakes.filter((kind) => kind === 'silent_wake')).toHaveLength(30);
  const windows = here.coalescer.windowsOf(PHONE);
  expect(windows.filter(({ phase }) => phase === 'counted').length).toBeLessThanOrEqual(60);
  there.coalescer.continueWindows(PHONE, windows);
  there.ask();
  await time.advance(15 * MINUTE_MS);
  expect(there.wakes).toEqual([]);
  // The first of the thirty is an hour old.
  await time.advance(6 * MINUTE_MS);
  expect(there.wakes).toEqual(['silent_wake']);
});

test('a vouched event is delayed by nothing that another server has counted', () => {
  const { here, there } = setUp();
  there.coalescer.continueWindows(
    PHONE,
    Array.from({ length: 30 }, (_, n) => ({ track: 'unvouched', phase: 'counted', ms: HOUR_MS - n * 5000 })),
  );
  there.ask({ isVouched: true });
  expect(there.wakes).toHaveLength(1);
  expect(here.coalescer.windowsOf(PHONE)).toEqual([]);
});

test('an owed wake that another server has left goes at the end of the window that runs, and at once after it', async () => {
  const { there, time } = setUp();
  there.coalescer.continueWindows(PHONE, [{ track: 'unvouched', phase: 'cooldown', ms: 40_000 }]);
  there.coalescer.hold(keyWake('phone'));
  await time.advance(39_000);
  expect(there.wakes).toEqual([]);
  await time.advance(1000);
  expect(there.wakes).toHaveLength(1);
});

test('an owed wake that another server has left waits until the device may be woken again in this hour', async () => {
  const { there, time } = setUp();
  there.coalescer.continueWindows(
    PHONE,
    Array.from({ length: 30 }, () => ({ track: 'unvouched', phase: 'counted', ms: MINUTE_MS })),
  );
  there.coalescer.hold(keyWake('phone'));
  await time.advance(MINUTE_MS - 1);
  expect(there.wakes).toEqual([]);
  await time.advance(1);
  expect(there.wakes).toHaveLength(1);
});

test('the devices of which something runs are named, and no others', async () => {
  const { here, time } = setUp();
  here.ask();
  expect([...here.coalescer.running(0)]).toContain(PHONE);
  await time.advance(10 * SECOND_MS);
  expect([...here.coalescer.running(5 * SECOND_MS)]).toEqual([]);
  expect([...here.coalescer.running(Infinity)]).toEqual([PHONE]);
  await time.advance(HOUR_MS);
  expect([...here.coalescer.running(Infinity)]).toEqual([]);
});
