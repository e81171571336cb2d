import fc from 'fast-check';
import { expect, test } from 'vitest';

import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import { Coalescer, type CoalescerOptions } from './coalescer.ts';
import type { WakeTrack } from './wake-track.ts';
import type { OwedDevices, OwedWake } from './owed-devices.ts';
import type { WakeEnd } from '../lanes/wake.ts';
import type { KeyWake, KeyWakeOptions } from './key-wake.ts';

const BATCH_DELAY_MS = 5 * SECOND_MS;

const REQUESTS: Readonly<Record<WakeTrack, Partial<KeyWakeOptions>>> = {
  vouched: { isVouched: true },
  unvouched: {},
  chat: { kind: 'chat_wake' },
};

interface Came {
  readonly at: number;
  readonly track: WakeTrack;
}

function setUp({
  batchDelayMs = BATCH_DELAY_MS,
  cooldownMs = MINUTE_MS,
  owed,
}: Partial<Pick<CoalescerOptions, 'batchDelayMs' | 'cooldownMs'>> & { readonly owed?: OwedDevices } = {}) {
  const time = new FakeSchedule();
  const start = time.clock.now;
  const wakes: { at: number; request: KeyWake }[] = [];
  const hand = async (request: KeyWake): Promise<WakeEnd> => {
    wakes.push({ at: time.clock.now - start, request });
    return 'sent';
  };
  const { schedule } = time;
  const rationed: WakeTrack[] = [];
  const onRationed = (_: KeyWake, track: WakeTrack): void => void rationed.push(track);
  const monotonic = time.clock.read;
  const coalescer = new Coalescer({ batchDelayMs, cooldownMs, schedule, monotonic, hand, onRationed });
  return {
    coalescer,
    rationed,
    time,
    wakes,
    /** The times at which wakes were handed over, in seconds. */
    wakesAt: (): number[] => wakes.map(({ at }) => at / SECOND_MS),
    /** Lets time pass until this many seconds after the beginning. */
    until: (seconds: number) => time.advance(start + seconds * SECOND_MS - time.clock.now),
    ask: (track: WakeTrack, parts: Partial<KeyWakeOptions> = {}): Promise<WakeEnd> =>
      coalescer.request(keyWake('phone', { ...REQUESTS[track], ...parts }, { owed })),
  };
}

/** The times at which the vouched ones among these requests were answered, in milliseconds. */
async function answersOfVouched(came: readonly Came[]): Promise<number[]> {
  const { ask, time } = setUp();
  const start = time.clock.now;
  const answers: number[] = [];
  for (const { at, track } of came.toSorted((a, b) => a.at - b.at)) {
    await time.advance(Math.max(0, start + at - time.clock.now));
    const end = ask(track);
    if (track !== 'vouched') continue;
    const n = answers.push(NaN) - 1;
    void end.then(() => (answers[n] = time.clock.now - start));
  }
  await time.advance(2 * HOUR_MS);
  return answers;
}

const moments = (track: WakeTrack): fc.Arbitrary<Came[]> =>
  fc.array(
    fc.nat(8 * MINUTE_MS).map((at) => ({ at, track })),
    { maxLength: 40 },
  );

test('a vouched event is answered at the time at which it would be answered without any other events', async () => {
  await fc.assert(
    fc.asyncProperty(moments('vouched'), moments('unvouched'), moments('chat'), async (own, others, chat) => {
      expect(await answersOfVouched([...own, ...others, ...chat])).toEqual(await answersOfVouched(own));
    }),
    { numRuns: 40 },
  );
});

test('a vouched event in a cooldown that a stranger keeps up is answered at once', async () => {
  const { ask, until, wakesAt } = setUp();
  for (let second = 0; second <= 90; second++) {
    await until(second);
    void ask('unvouched');
  }
  expect(wakesAt()).toEqual([0, 5, 65]);
  void ask('vouched');
  expect(wakesAt()).toEqual([0, 5, 65, 90]);
});

test('the wake of a vouched event takes along what is held for the device, and each request is told its end', async () => {
  const { ask, until, wakes } = setUp();
  void ask('unvouched');
  void ask('chat');
  await until(1);
  const held = [ask('unvouched', { keys: [tradeKey(2)] }), ask('chat', { keys: [tradeKey(3)] })];
  void ask('vouched');
  expect(await Promise.all(held)).toEqual(['sent', 'sent']);
  expect(wakes[2]?.request.keys).toEqual([tradeKey(1), tradeKey(2), tradeKey(3)]);
  await until(1000);
  expect(wakes).toHaveLength(3);
});

test('a vouched event begins a cooldown that holds vouched events and others alike, and one wake answers both', async () => {
  const { ask, until, wakes, wakesAt } = setUp();
  for (const at of [0, 1]) {
    await until(at);
    void ask('vouched');
  }
  await until(10);
  void ask('unvouched', { keys: [tradeKey(2)] });
  await until(20);
  void ask('vouched');
  await until(300);
  expect(wakesAt()).toEqual([0, 5, 65]);
  expect(wakes[2]?.request).toMatchObject({ keys: [tradeKey(1), tradeKey(2)], isVouched: true });
});

test('a vouched event is not answered by a wake on the unvouched track, while an unvouched event is', async () => {
  const { ask, coalescer } = setUp();
  void ask('unvouched');
  void ask('unvouched');
  const isHeld = (isVouched: boolean): boolean => coalescer.isHeld('fcm phone', tradeKey(1), isVouched);
  expect([isHeld(true), isHeld(false)]).toEqual([false, true]);
  for (let n = 0; n < 2; n++) void ask('vouched');
  expect([isHeld(true), isHeld(false)]).toEqual([true, true]);
});

test('a vouched event leaves no timer and no device behind', async () => {
  const { ask, coalescer, time, until } = setUp();
  for (const track of ['unvouched', 'chat', 'vouched', 'vouched', 'unvouched', 'chat'] as const)
    void ask(track);
  await until(2 * 3600);
  expect([coalescer.size, coalescer.counted, time.pending]).toEqual([0, 0, 0]);
});

/** Asks for a wake every half minute. */
async function flood(scene: ReturnType<typeof setUp>, track: WakeTrack, hours: number): Promise<void> {
  for (let second = 0; second < hours * 3600; second += 30) {
    await scene.until(second);
    void scene.ask(track);
  }
}

test.each(['unvouched', 'chat'] as const)(
  'the allowance of an hour is thirty wakes for %s requests, in any hour',
  async (track) => {
    const scene = setUp({ cooldownMs: 10 * SECOND_MS });
    await flood(scene, track, 4);
    const at = scene.wakesAt();
    const most = Math.max(
      ...at.map((first) => at.filter((one) => one >= first && one < first + 3600).length),
    );
    expect(most).toBe(30);
    expect(at.length).toBeGreaterThanOrEqual(4 * 30);
  },
);

test('the allowance of an hour leaves one wake for all that came beyond it, as soon as there is room', async () => {
  const scene = setUp({ batchDelayMs: 0, cooldownMs: 0 });
  for (let second = 0; second < 30; second++) {
    await scene.until(second);
    void scene.ask('unvouched');
  }
  await scene.until(100);
  const held = [1, 2, 3].map((n) => scene.ask('unvouched', { keys: [tradeKey(n)] }));
  await scene.until(3599);
  expect([scene.wakes.length, scene.rationed]).toEqual([30, ['unvouched']]);
  await scene.until(3600);
  expect(await Promise.all(held)).toEqual(['sent', 'sent', 'sent']);
  expect(scene.wakesAt().slice(30)).toEqual([3600]);
  expect(scene.wakes[30]?.request.keys).toEqual([1, 2, 3].map(tradeKey));
  await scene.until(9000);
  expect([scene.wakes.length, scene.time.pending]).toEqual([31, 0]);
});

test('a spent allowance delays no vouched event, and a vouched wake answers what waits for room', async () => {
  const scene = setUp();
  await flood(scene, 'unvouched', 0.8);
  const before = scene.wakes.length;
  const held = scene.ask('unvouched');
  void scene.ask('vouched');
  expect(await held).toBe('sent');
  expect(scene.wakes).toHaveLength(before + 1);
});

test('the allowance of an hour is not used by vouched events, nor by wakes of another kind or device', async () => {
  const scene = setUp({ batchDelayMs: 0, cooldownMs: 0 });
  for (let second = 0; second < 200; second++) {
    await scene.until(second);
    void scene.ask('vouched');
    if (second < 30) void scene.ask('chat');
    void scene.coalescer.request(keyWake('other'));
  }
  await scene.until(300);
  const before = scene.wakes.length;
  void scene.ask('unvouched');
  expect(scene.wakes).toHaveLength(before + 1);
});

test('a spent allowance makes the device owed its wake if there is a record, and its events count as handled', async () => {
  const owed: OwedWake[] = [];
  const scene = setUp({
    owed: { owe: (wake) => void owed.push(wake), pay: () => undefined, find: () => undefined },
  });
  await flood(scene, 'unvouched', 0.8);
  const spent = owed.length;
  expect(await scene.ask('unvouched', { keys: [tradeKey(2)] })).toBe('owed');
  expect(owed.slice(spent).map(({ keys }) => keys)).toEqual([[tradeKey(1), tradeKey(2)]]);
  const before = scene.wakes.length;
  await scene.until(3600);
  expect(scene.wakes).toHaveLength(before + 1);
});

test('a stop hands over what waits for room in the allowance of an hour', async () => {
  const scene = setUp({ batchDelayMs: 0, cooldownMs: 0 });
  for (let second = 0; second < 31; second++) {
    await scene.until(second);
    void scene.ask('unvouched');
  }
  void scene.coalescer.flush();
  expect([scene.wakes.length, scene.time.pending]).toEqual([31, 0]);
});
