import { describe, expect, test } from 'vitest';

import { CohortBench, phones, seededChance, SLOT_S } from '../../../test/support/cohorts.ts';
import { deferred } from '../../../test/support/deferred.ts';
import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import { keyWake } from '../../../test/support/lane-bench.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';
import { settled } from '../../../test/support/settled.ts';
import { SECOND_MS } from '../basics/clock.ts';
import type { Wake, WakeEnd } from '../lanes/wake.ts';
import { addressOf } from '../registry/push-target.ts';
import { Cohorts } from './cohorts.ts';
import type { KeyWake, KeyWakeOptions } from './key-wake.ts';
import { SlotEdges } from './slot-edges.ts';

/** Two closed cohorts of four (a b c d, e f g h) and a cohort that forms (x), under slots of 30 s of which one begins now. */
function setUp(bench = fullBench()) {
  const time = new FakeSchedule();
  const { clock, schedule } = time;
  const start = clock.now;
  const handed: { readonly at: number; readonly wake: Wake; readonly end: (how: WakeEnd) => void }[] = [];
  const chance = seededChance(7);
  const cohorts = new Cohorts({
    edges: new SlotEdges({
      slotMs: SLOT_S * SECOND_MS,
      offsetMs: 0,
      clock: clock.read,
      monotonic: clock.read,
      schedule,
    }),
    schedule,
    draw: (below) => Math.floor(chance() * below),
    hand: (wake) => new Promise((end) => handed.push({ at: (clock.now - start) / SECOND_MS, wake, end })),
    book: bench.book,
    record: bench.record,
    cover: (target) => keyWake(addressOf(target), { keys: [] }),
  });
  return {
    bench,
    cohorts,
    time,
    handed,
    event: (name: string, parts: Partial<KeyWakeOptions> = {}): Promise<WakeEnd> =>
      cohorts.request(keyWake(name, parts)),
    pass: (seconds: number) => time.advance(seconds * SECOND_MS),
    /** Which devices were woken at which second. */
    bursts: (): Record<number, string> => {
      const bursts: Record<number, string> = {};
      const sorted = handed.toSorted((one, other) => (one.wake.device < other.wake.device ? -1 : 1));
      for (const { at, wake } of sorted) bursts[at] = (bursts[at] ?? '') + addressOf(wake.target);
      return bursts;
    },
    /** Ends the wakes that are under way. */
    end: async (how: WakeEnd): Promise<void> => {
      for (const { end } of handed) end(how);
      await settled();
    },
    isDue: (name: string): boolean | undefined => bench.book.member(`fcm ${name}`)?.cohort.isDue,
  };
}

function fullBench(): CohortBench {
  const bench = new CohortBench();
  bench.register(...phones('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'x'));
  return bench;
}

describe('a wake of one member', () => {
  test('wakes all members of its cohort at the next edge, and nobody else', async () => {
    const { bursts, event, pass } = setUp();
    void event('b');
    await pass(40);
    void event('f');
    await pass(30);
    expect(bursts()).toEqual({ 30: 'abcd', 60: 'efgh' });
  });

  test('gives each member one wake, however many members events are for', async () => {
    const { bursts, event, pass } = setUp();
    for (const name of ['b', 'b', 'a', 'f', 'x']) void event(name);
    await pass(30);
    expect(bursts()).toEqual({ 30: 'abcdefghx' });
  });

  test('looks like the cover wakes of the others, in all that a lane sees and measures', async () => {
    const { event, handed, pass } = setUp();
    void event('b', { since: 5, priority: 'recovered', kind: 'chat_wake', isVouched: true });
    void event('c', { since: 3 });
    await pass(30);
    const look = { kind: 'silent_wake', priority: 'live', wasHeld: true, since: 3 };
    expect(handed.map(({ wake }) => wake)).toMatchObject([look, look, look, look]);
  });

  test('whose device is no member is woken alone, at the edge', async () => {
    const { bursts, event, pass } = setUp();
    void event('z');
    await pass(30);
    expect(bursts()).toEqual({ 30: 'z' });
  });

  test('that is owed since an earlier run wakes the cohort too, though all keys of the device have expired', async () => {
    const { bench, bursts, cohorts, pass } = setUp();
    await bench.expire(fcmTarget('b'));
    cohorts.hold(keyWake('b', { keys: [] }));
    await pass(30);
    expect(bursts()).toEqual({ 30: 'abcd' });
  });

  test('wakes members of merged cohorts together, also if the merge came after the event', async () => {
    const { bench, bursts, event, pass } = setUp();
    void event('d');
    await pass(1);
    bench.evict(...phones('a', 'b', 'c'));
    await pass(30);
    expect(bursts()).toEqual({ 30: 'defgh' });
  });
});

describe('that a cohort is due', () => {
  test('is on the record before a wake leaves, until the last wake of the burst has ended', async () => {
    const { end, event, isDue, pass } = setUp();
    void event('b');
    expect([isDue('a'), isDue('e')]).toEqual([true, false]);
    await pass(30);
    expect(isDue('a')).toBe(true);
    await end('sent');
    expect(isDue('a')).toBe(false);
  });

  test('delays the wake to the edge after the next if the record is not written by then', async () => {
    const bench = fullBench();
    const written = deferred();
    bench.record.written = () => written.promise;
    const { bursts, event, pass } = setUp(bench);
    void event('b');
    await pass(31);
    written.resolve();
    expect(bursts()).toEqual({});
    await pass(30);
    expect(bursts()).toEqual({ 60: 'abcd' });
  });

  test('stays on the record while an event of a later slot waits', async () => {
    const { bursts, end, event, isDue, pass } = setUp();
    void event('b');
    await pass(40);
    void event('c');
    await end('sent');
    expect(isDue('a')).toBe(true);
    await pass(30);
    await end('sent');
    expect(isDue('a')).toBe(false);
    expect(bursts()).toEqual({ 30: 'abcd', 60: 'abcd' });
  });

  test('is forgotten if its wakes are owed, because a record has them', async () => {
    const { end, event, isDue, pass } = setUp();
    void event('b');
    await pass(30);
    await end('owed');
    expect(isDue('a')).toBe(false);
  });

  test('stays on the record if the program stops before all members are woken, and the next run wakes all of them', async () => {
    const first = setUp();
    void first.event('b');
    await first.pass(30);
    first.handed[0]?.end('sent');
    await first.end('dropped');
    expect(first.isDue('a')).toBe(true);
    const next = setUp(first.bench);
    await next.cohorts.resume(async () => true);
    await next.pass(30);
    expect(next.bursts()).toEqual({ 30: 'abcd' });
    await next.end('sent');
    expect(next.isDue('a')).toBe(false);
  });

  test('is forgotten if the only member that was not woken has left', async () => {
    const { bench, end, event, handed, isDue, pass } = setUp();
    void event('b');
    await pass(30);
    bench.evict(fcmTarget('a'));
    for (const { end: one, wake } of handed) if (addressOf(wake.target) !== 'a') one('sent');
    await end('dropped');
    expect(isDue('b')).toBe(false);
  });
});

test('an event while a burst is under way is followed by another burst, whoever it is for', async () => {
  const { bursts, cohorts, event, handed, pass } = setUp();
  void event('b', { keys: [tradeKey(1)] });
  await pass(31);
  handed[0]?.end('sent');
  for (const name of 'abcd') expect(cohorts.isHeld(`fcm ${name}`, tradeKey(1))).toBe(false);
  void event('b', { keys: [tradeKey(1)] });
  await pass(30);
  expect(bursts()).toEqual({ 30: 'abcd', 60: 'abcd' });
});

test('the order of a burst tells nothing: in 10 000 bursts the member that an event is for is as often at each place as any other', async () => {
  const { event, handed, pass } = setUp();
  const places = [0, 0, 0, 0];
  for (let n = 0; n < 10_000; n++) {
    void event('b');
    await pass(SLOT_S);
    const place = handed.splice(0).findIndex(({ end, wake }) => {
      end('sent');
      return (wake as KeyWake).keys.length > 0;
    });
    places[place] = (places[place] ?? 0) + 1;
  }
  // Each is expected 2500 times, with a standard deviation of 43. Six of them: once in a billion runs, if the draw were not seeded.
  for (const count of places) expect(Math.abs(count - 2500)).toBeLessThan(6 * 43);
});
