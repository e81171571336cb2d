import { expect, test } from 'vitest';

import {
  CONFIRM_MS,
  DELIVERED,
  FAILED,
  GONE,
  laneBench,
  UNHEARD,
  type LaneBench,
} from '../../../test/support/lane-bench.ts';
import { settled } from '../../../test/support/settled.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../basics/clock.ts';
import type { OwedWake } from '../waking/owed-devices.ts';
import { addressOf, type PushTarget } from '../registry/push-target.ts';
import type { WakeEnd } from './wake.ts';

const laneOf = (target: PushTarget): string => addressOf(target).split('/')[0] ?? '';

/** Lanes of many push servers, none of which has delivered yet. A token is `server/device`. */
function hostsBench(...[options, context]: Parameters<typeof laneBench>): LaneBench {
  const eviction = { confirmMs: CONFIRM_MS, isGuarded: false };
  return laneBench({ startsSlowly: true, eviction, laneOf, ...options }, context);
}

/** Asks for a wake of one device at each of `count` push servers, and lets every attempt fail. */
async function dead(bench: LaneBench, count: number): Promise<void> {
  for (let n = 0; n < count; n++) void bench.ask(`dead-${n}/x`);
  for (let n = 0; n < count; n++) await bench.answer(FAILED, `dead-${n}/x`);
}

test('lanes of one provider are each broken by their own failures, and no other lane waits', async () => {
  const bench = hostsBench();
  const { answer, ask, lanes, underWay } = bench;
  for (const device of ['a', 'b', 'c']) void ask(`down/${device}`);
  await answer(FAILED);
  await answer(FAILED);
  expect(lanes.troubles).toMatchObject({ down: 1 });
  void ask('down/d');
  void ask('up/a');
  expect(underWay()).toEqual(['up/a']);
  await answer(DELIVERED);
  expect(lanes.troubles).toMatchObject({ down: 1 });
});

test('lanes of one provider have each two attempts under way at once until one delivers, and then as many as new devices may have', async () => {
  const { answer, ask, underWay } = hostsBench({ concurrency: 5 });
  for (const device of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) void ask(`host/${device}`);
  expect(underWay()).toEqual(['host/a', 'host/b']);
  await answer(DELIVERED, 'host/a');
  expect(underWay()).toEqual(['host/b', 'host/c', 'host/d', 'host/e']);
});

test('lanes of one provider have each a queue of their own: a full queue makes no device of another lane wait', async () => {
  const { ask, lanes, underWay } = hostsBench({ capacity: 2 });
  for (const device of ['a', 'b', 'c', 'd', 'e', 'f']) void ask(`full/${device}`);
  expect([lanes.troubles.full, lanes.owed]).toEqual([1, 2]);
  void ask('other/a');
  expect([lanes.owed, underWay()]).toEqual([2, ['full/a', 'full/b', 'other/a']]);
});

test('lanes of one provider count while they deliver or have wakes to send, not while they only owe wakes', async () => {
  const bench = hostsBench({ deadlineMs: SECOND_MS });
  const { answer, ask, lanes } = bench;
  void ask('good/a');
  await answer(DELIVERED);
  await dead(bench, 3);
  expect([lanes.owed, lanes.count]).toEqual([3, 1]);
});

test('lanes of one provider are given up ten minutes after they had something to do, and then no timer is left', async () => {
  const { answer, ask, lanes, schedule } = hostsBench();
  void ask('good/a');
  await answer(DELIVERED);
  void ask('gone/a');
  await answer(GONE);
  await schedule.advance(CONFIRM_MS);
  await answer(GONE);
  await schedule.advance(20 * MINUTE_MS);
  expect([lanes.count, schedule.pending]).toEqual([0, 0]);
});

const PLACES = 8;

/** This many endpoints have failed and wait for a retry. */
async function failing(count: number, capacity: number): Promise<LaneBench> {
  const bench = hostsBench({ concurrency: PLACES, capacity });
  const { answer, ask, schedule } = bench;
  void ask('host/good');
  await answer(DELIVERED);
  for (let n = 0; n < count; n++) {
    void ask(`host/eve-${n}`);
    await answer(UNHEARD);
  }
  await schedule.advance(2 * MINUTE_MS);
  return bench;
}

test('endpoints of one push server that fail or hang take half of its places at most, and no other device waits for them', async () => {
  const { ask, underWay } = await failing(100, 1000);
  expect(underWay()).toHaveLength(PLACES / 2);
  void ask('host/bob');
  expect(underWay().at(-1)).toBe('host/bob');
});

test('endpoints of one push server that hang at the first attempt leave a quarter of its places to known devices', async () => {
  const { answer, ask, underWay } = hostsBench({ concurrency: PLACES });
  void ask('host/good');
  await answer(DELIVERED);
  for (let n = 0; n < 1000; n++) void ask(`host/eve-${n}`);
  expect(underWay()).toHaveLength((PLACES * 3) / 4);
  void ask('host/good');
  expect(underWay().at(-1)).toBe('host/good');
});

test('endpoints of one push server that break its lane let a known device go first', async () => {
  const { answer, ask, lanes, schedule, underWay } = hostsBench({ concurrency: PLACES });
  void ask('host/good');
  await answer(DELIVERED);
  for (let n = 0; n < 1000; n++) void ask(`host/eve-${n}`);
  await answer(FAILED);
  expect(lanes.troubles.down).toBe(1);
  void ask('host/good');
  for (let n = 0; n < 4 && !underWay().includes('host/good'); n++) {
    await answer(FAILED);
    await schedule.advance(MINUTE_MS);
  }
  expect(underWay()).toEqual(['host/good']);
  await answer(DELIVERED);
  expect(lanes.troubles.down).toBe(0);
});

test('endpoints of one push server that fail and fill its queue give their places in it to others', async () => {
  const { ask, lanes, underWay } = await failing(100, 10);
  expect([lanes.pending <= 10 + PLACES, lanes.pending + lanes.owed]).toEqual([true, 100]);
  void ask('host/bob');
  expect(underWay().at(-1)).toBe('host/bob');
});

const shares = { fresh: { atOnce: 10 }, failing: { atOnce: 5, perSecond: 2 } };

test('dead push servers, however many, have no more attempts under way at once than their share, and a push server that delivers waits for none of them', async () => {
  const { answer, ask, underWay } = hostsBench({ shares });
  void ask('good/a');
  await answer(DELIVERED);
  for (let n = 0; n < 1000; n++) void ask(`tar-pit-${n}/x`);
  expect(underWay().length).toBe(10);
  void ask('good/b');
  expect(underWay().at(-1)).toBe('good/b');
});

test('dead push servers, however many, are tried again at the pace of their share, in turn, and a new push server waits for none of them', async () => {
  const bench = hostsBench({ shares, deadlineMs: HOUR_MS });
  const { answer, ask, schedule, tried, underWay } = bench;
  await dead(bench, 50);
  const first = tried().length;
  for (let n = 0; n < 20; n++) {
    await schedule.advance(SECOND_MS);
    await answer(FAILED);
  }
  const again = tried().slice(first);
  expect(again.length).toBeGreaterThanOrEqual(20);
  // Two at once in the beginning, and two each second.
  expect(again.length).toBeLessThanOrEqual(2 + 2 * 20);
  expect(new Set(again).size).toBe(again.length);
  void ask('new/a');
  expect(underWay().at(-1)).toBe('new/a');
});

test('push servers that hang give up their places while others stand in line, and only then', async () => {
  const patient = { fresh: { atOnce: 10, patienceMs: 2 * SECOND_MS } };
  const { answer, ask, provider, schedule, tried } = hostsBench({ shares: patient });
  const givenUp = (): string[] =>
    provider.attempts.all.filter(({ signal }) => signal.aborted).map(({ target }) => target.token);
  for (let n = 0; n < 10; n++) void ask(`tar-pit-${n}/x`);
  await schedule.advance(MINUTE_MS);
  expect(givenUp()).toEqual([]);
  void ask('new/a');
  await schedule.advance(0);
  expect(givenUp()).toHaveLength(10);
  for (const token of givenUp()) await answer(FAILED, token);
  expect(tried()).toContain('new/a');
  // The attempt that began last has its own two seconds, and no lane stands in line now.
  await schedule.advance(MINUTE_MS);
  expect(givenUp()).toHaveLength(10);
});

test('dead push servers get all wakes that are owed once they work', async () => {
  const bench = hostsBench({ shares, deadlineMs: SECOND_MS });
  const { answer, lanes, schedule } = bench;
  await dead(bench, 100);
  expect(lanes.owed).toBe(100);
  for (let n = 0; n < 200 && lanes.owed + lanes.pending > 0; n++) {
    await schedule.advance(SECOND_MS);
    await answer(DELIVERED);
  }
  expect([lanes.owed, lanes.pending]).toEqual([0, 0]);
});

test('dead push servers, however many, do not make a push server wait that comes back from an outage', async () => {
  const bench = hostsBench({ shares });
  const { answer, ask, schedule, underWay } = bench;
  void ask('good/a');
  await answer(DELIVERED);
  for (const device of ['a', 'b', 'c']) void ask(`good/${device}`);
  await answer(FAILED);
  await dead(bench, 100);
  await schedule.advance(2 * MINUTE_MS);
  expect(underWay().filter((token) => token.startsWith('good/'))).toHaveLength(1);
  await answer(
    DELIVERED,
    underWay().find((token) => token.startsWith('good/')),
  );
  void ask('good/d');
  expect(underWay()).toContain('good/d');
});

test('dead push servers, however many, do not count as the crowd that makes each push server send one wake at a time', async () => {
  const { answer, ask, underWay } = hostsBench({ crowd: 3, concurrency: 2 });
  for (const host of ['good', 'fine']) {
    void ask(`${host}/a`);
    await answer(DELIVERED);
  }
  for (let n = 0; n < 100; n++) void ask(`tar-pit-${n}/x`);
  for (const device of ['b', 'c']) void ask(`good/${device}`);
  expect(underWay().filter((token) => token.startsWith('good/'))).toHaveLength(2);
  for (const device of ['b', 'c']) void ask(`fine/${device}`);
  expect(underWay().filter((token) => token.startsWith('fine/'))).toHaveLength(1);
});

test('dead push servers are given up when there is no room for another, and their wakes stay on record', async () => {
  const record = new Map<string, OwedWake>();
  const owed = {
    owe: (wake: OwedWake) => void record.set(addressOf(wake.target), wake),
    pay: (target: OwedWake['target']) => void record.delete(addressOf(target)),
    find: () => undefined,
  };
  const bench = hostsBench({ mostLanes: 100, deadlineMs: SECOND_MS }, { owed });
  const { answer, ask, lanes, telemetry, underWay } = bench;
  void ask('good/a');
  await answer(DELIVERED);
  await dead(bench, 99);
  void ask('new/a');
  expect(underWay()).toEqual(['new/a']);
  expect([lanes.owed, record.size]).toEqual([98, 99]);
  expect(telemetry.total('wakes_dropped', 'fcm', 'displaced')).toBe(1);
  void ask('good/b');
  expect(underWay()).toEqual(['new/a', 'good/b']);
});

test('dead push servers that are all being tried leave no room for a new one, whose wake is turned away', async () => {
  const ends: WakeEnd[] = [];
  const { ask, telemetry } = hostsBench({ mostLanes: 2 });
  for (const host of ['one', 'two', 'three']) void ask(`${host}/a`).then((end) => ends.push(end));
  await Promise.resolve();
  expect(ends).toEqual(['dropped']);
  expect(telemetry.total('wakes_turned_away', 'fcm')).toBe(1);
});

test('a stop tries push servers that never delivered once more, faster than their share', async () => {
  const bench = hostsBench({ shares: { failing: { perSecond: 1 } } });
  const { answer, lanes, schedule, underWay } = bench;
  await dead(bench, 20);
  const drained = lanes.drain(new AbortController().signal);
  await settled();
  expect(underWay()).toHaveLength(20);
  await answer(FAILED);
  expect(await drained).toBe(20);
  expect(schedule.pending).toBe(0);
});
