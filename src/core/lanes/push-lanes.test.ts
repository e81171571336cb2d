import { expect, test } from 'vitest';

import { DELIVERED, keyWake, laneBench } from '../../../test/support/lane-bench.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeTelemetry } from '../../../test/support/fake-telemetry.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { NO_TROUBLES } from './lane.ts';
import type { OwedWake } from '../waking/owed-devices.ts';
import { PushLanes } from './push-lanes.ts';
import { deviceOf } from '../registry/push-target.ts';
import type { WakeEnd } from './wake.ts';

/** FCM has a lane; UnifiedPush has none. */
function setUp() {
  const clock = new FakeClock();
  const telemetry = new FakeTelemetry();
  const fcm = laneBench();
  const onRecord: OwedWake[] = [];
  const lanes = new PushLanes({
    lanes: { fcm: fcm.lanes },
    closeProviders: async () => undefined,
    telemetry,
    monotonic: clock.read,
  });
  const owed = {
    owe: (wake: OwedWake) => void onRecord.push(wake),
    pay: () => undefined,
    find: () => undefined,
  };
  const ask = (token: string): Promise<WakeEnd> => lanes.request(keyWake(token));
  return { ask, clock, fcm, lanes, owed, onRecord, telemetry };
}

const TARGET = { type: 'unifiedpush', endpoint: 'https://push.example/up' } as const;

test('the figures of all lanes are given by provider', async () => {
  const { ask, fcm, lanes } = setUp();
  expect([lanes.pending(), lanes.owed(), lanes.count()]).toEqual([{ fcm: 0 }, { fcm: 0 }, { fcm: 0 }]);
  void ask('a');
  expect([lanes.pending(), lanes.count()]).toEqual([{ fcm: 1 }, { fcm: 1 }]);
  expect(lanes.troubled()).toEqual({ fcm: NO_TROUBLES });
  await fcm.answer(DELIVERED);
  expect(lanes.pending()).toEqual({ fcm: 0 });
});

test('a wake that no provider can deliver is turned away and counted, and owed where there is a record', async () => {
  const { lanes, onRecord, owed, telemetry } = setUp();
  expect(await lanes.request(keyWake('', { target: TARGET }))).toBe('dropped');
  expect(await lanes.request(keyWake('', { target: TARGET }, { owed }))).toBe('owed');
  expect(onRecord).toEqual([{ target: TARGET, kind: 'silent_wake', keys: [tradeKey(1)] }]);
  expect(telemetry.total('wakes_turned_away', 'unifiedpush')).toBe(2);
});

test('a drain waits for the lanes of every provider, and sums up what was lost', async () => {
  const { ask, lanes } = setUp();
  for (const token of ['a', 'b']) void ask(token);
  const time = new AbortController();
  const drained = lanes.drain(time.signal);
  await settled();
  time.abort();
  expect(await drained).toBe(2);
});

test('a wake that follows its key to a closed lane counts as lost at a stop', async () => {
  const { ask, lanes } = setUp();
  const drained = lanes.drain(new AbortController().signal);
  expect(await ask('elsewhere')).toBe('dropped');
  expect(await drained).toBe(1);
});

test('a key that moves is looked for in the lane of its former device', async () => {
  const { fcm, lanes } = setUp();
  const followed: string[] = [];
  fcm.lanes.follow = async (device) => void followed.push(device);
  const { target, device } = keyWake('phone');
  expect(await lanes.follow(target, device)).toBe(true);
  expect(followed).toEqual([device]);
  expect(await lanes.follow(TARGET, deviceOf(TARGET))).toBe(false);
});

test('lanes are busy for ten milliseconds after a wake was asked for, whatever becomes of the wake', async () => {
  const { ask, clock, lanes } = setUp();
  expect(lanes.isBusy).toBe(false);
  void ask('a');
  expect(lanes.isBusy).toBe(true);
  clock.advance(9);
  expect(lanes.isBusy).toBe(true);
  clock.advance(1);
  expect(lanes.isBusy).toBe(false);
  expect(await lanes.request(keyWake('', { target: TARGET }))).toBe('dropped');
  expect(lanes.isBusy).toBe(true);
});
