import { expect, test } from 'vitest';

import { unsignedEvent } from '../../../test/support/events.ts';
import { FakeLanes } from '../../../test/support/fake-lanes.ts';
import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { fcmTarget, tradeKey, liveRegistrations } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { Coalescer } from './coalescer.ts';
import { Recovery } from './recovery.ts';
import type { WakeEnd } from '../lanes/wake.ts';
import { Waker } from './waker.ts';

const OURS = 'a'.repeat(64);

/** A waker with the times of the contract, and a phone whose cooldown a stranger's events have begun. */
async function setUp() {
  const { registrations } = liveRegistrations();
  await registrations.register(tradeKey(1), fcmTarget('phone'), 'android');
  const { clock, schedule } = new FakeSchedule();
  const lanes = new FakeLanes();
  const fakeLanes = {
    request: lanes.request.bind(lanes),
    unsent: () => undefined,
    follow: async () => false,
  };
  const waker = new Waker({
    registrations,
    lanes: fakeLanes,
    instances: { authors: new Set([OURS]), isInstance: () => false },
    policy: new Coalescer({
      batchDelayMs: 5000,
      cooldownMs: 60_000,
      schedule,
      monotonic: clock.read,
      hand: (wake) => lanes.request(wake),
    }),
  });
  const tags = [['p', tradeKey(1)]];
  const came = async (
    parts: { kind: number; pubkey?: string },
    origin: 'live' | Recovery,
  ): Promise<WakeEnd> =>
    waker.request(await waker.wakesFor(unsignedEvent({ tags, ...parts }), origin), origin);
  const unvouched = (origin: 'live' | Recovery): Promise<WakeEnd> => came({ kind: 1059 }, origin);
  const vouched = (origin: 'live' | Recovery): Promise<WakeEnd> => came({ kind: 14, pubkey: OURS }, origin);
  void unvouched('live');
  await settled();
  void unvouched('live');
  await settled();
  return { lanes, unvouched, vouched };
}

test('a vouched event that a recovery finds brings forward the recovery’s wake from the unvouched track, and causes no other', async () => {
  const { lanes, unvouched, vouched } = await setUp();
  const recovery = new Recovery(() => undefined);
  const ends = [unvouched(recovery)];
  await settled();
  expect(lanes.wakes.count).toBe(1);
  ends.push(vouched(recovery), vouched(recovery));
  await settled();
  expect(lanes.wakes.count).toBe(2);
  lanes.wakes.all[1]?.end('sent');
  expect(await Promise.all(ends)).toEqual(['sent', 'sent', 'sent']);
});

test('a vouched event that a recovery finds causes no second wake if the recovery’s wake was sent', async () => {
  const { lanes, vouched } = await setUp();
  const recovery = new Recovery(() => undefined);
  void vouched(recovery);
  await settled();
  void vouched(recovery);
  await settled();
  expect(lanes.wakes.count).toBe(2);
});
