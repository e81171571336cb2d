import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { ChatAnnouncements, type ChatAnnouncementsOptions } from './chat-announcements.ts';

const TICK_MS = 250;

function setUp(capacity?: number): {
  ring: ChatAnnouncements;
  append: (...keys: number[]) => void;
  announced: number[];
  faults: unknown[];
  time: FakeSchedule;
  telemetry: FakeTelemetry;
} {
  const time = new FakeSchedule();
  const telemetry = new FakeTelemetry();
  const announced: number[] = [];
  const faults: unknown[] = [];
  const options: ChatAnnouncementsOptions = {
    schedule: time.schedule,
    announce: async (key) => {
      announced.push(Number.parseInt(key, 16));
      if (key === tradeKey(666)) throw new Error('the store is gone');
    },
    onFault: (fault) => faults.push(fault),
    telemetry,
  };
  const ring = new ChatAnnouncements(options, capacity);
  const append = (...keys: number[]): void => keys.forEach((n) => ring.append(tradeKey(n)));
  return { ring, append, announced, faults, time, telemetry };
}

test('announced keys are looked up at the tick, in their order, and not before', async () => {
  const { ring, append, announced, time } = setUp();
  ring.start();
  append(1, 2);
  await time.advance(TICK_MS - 1);
  expect([announced, ring.size]).toEqual([[], 2]);
  await time.advance(1);
  expect([announced, ring.size]).toEqual([[1, 2], 0]);
});

test('chat announcements tick at fixed times, whether there are keys or not', async () => {
  const { ring, append, announced, time } = setUp();
  ring.start();
  await time.advance(10 * TICK_MS - 1);
  append(1);
  expect(time.nextMs).toBe(1);
  await time.advance(1);
  expect(announced).toEqual([1]);
  expect(time.nextMs).toBe(TICK_MS);
});

test('many announced keys are looked up in slices, with a pause for other work between them', async () => {
  const { ring, append, announced, time } = setUp();
  ring.start();
  append(...Array.from({ length: 200 }, (_, n) => n));
  const timers: number[] = [];
  await time.advance(TICK_MS - 1);
  time.schedule(1, () => timers.push(announced.length));
  await time.advance(1);
  expect(announced).toHaveLength(200);
  expect(timers).toEqual([64]);
});

test('a key that is announced to a full ring takes the place of the oldest, which is counted', async () => {
  const { ring, append, announced, time, telemetry } = setUp(3);
  ring.start();
  append(1, 2, 3, 4, 5);
  expect(ring.size).toBe(3);
  await time.advance(TICK_MS);
  append(6);
  await time.advance(TICK_MS);
  expect(announced).toEqual([3, 4, 5, 6]);
  expect(telemetry.total('chat_announcements')).toBe(6);
  expect(telemetry.total('chat_announcements_dropped')).toBe(2);
});

test('announced keys are looked up at once when the program stops, and no tick comes after', async () => {
  const { ring, append, announced, time } = setUp();
  ring.start();
  append(1, 2);
  await ring.stop();
  expect(announced).toEqual([1, 2]);
  expect(time.pending).toBe(0);
});

test('an announced key that cannot be looked up is a fault, and the next key is still looked up', async () => {
  const { ring, append, announced, faults, time } = setUp();
  ring.start();
  append(666, 7);
  await time.advance(TICK_MS);
  expect(announced).toEqual([666, 7]);
  expect(faults).toEqual([new Error('the store is gone')]);
});
