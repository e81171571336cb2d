import { expect, test } from 'vitest';

import { HOUR_MS, type Clock } from '../../src/core/basics/clock.ts';
import type { SeenEvents } from '../../src/core/intake/seen-events.ts';
import { eventId } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';

export type CreateSeenEvents = (options: {
  clock: Clock;
  capacity: number;
  onDisplaced: () => void;
}) => Promise<SeenEvents>;

const a = eventId(1);
const b = eventId(2);
const c = eventId(3);
const d = eventId(4);
const held = eventId(5);

async function commit(seen: SeenEvents, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    expect(await seen.reserve(id)).toBe('new');
    await seen.commit(id);
  }
}

/** What every seen-set promises (`SeenEvents`). */
export function seenEventsContract(name: string, create: CreateSeenEvents): void {
  async function setUp(
    capacity = 100,
  ): Promise<{ seen: SeenEvents; clock: FakeClock; displaced: () => number }> {
    const clock = new FakeClock();
    let displaced = 0;
    const seen = await create({ clock: clock.read, capacity, onDisplaced: () => displaced++ });
    return { seen, clock, displaced: () => displaced };
  }

  test(`${name}: an id is unknown to begin with`, async () => {
    const { seen } = await setUp();
    expect(seen.knows(a)).toBe(false);
    expect(await seen.reserve(a)).toBe('new');
  });

  test(`${name}: an id that is reserved is held by one alone`, async () => {
    const { seen } = await setUp();
    const answers = await Promise.all([a, a, a].map((id) => seen.reserve(id)));
    expect(answers.toSorted()).toEqual(['new', 'pending', 'pending']);
  });

  test(`${name}: an id that is reserved is known`, async () => {
    const { seen } = await setUp();
    await seen.reserve(a);
    expect([seen.knows(a), seen.knows(b)]).toEqual([true, false]);
  });

  test(`${name}: an id that is released is new again`, async () => {
    const { seen } = await setUp();
    await seen.reserve(a);
    await seen.release(a);
    expect(seen.knows(a)).toBe(false);
    expect(await seen.reserve(a)).toBe('new');
  });

  test(`${name}: an id that is committed is seen, however often it is asked for`, async () => {
    const { seen } = await setUp();
    await commit(seen, a);
    expect(seen.knows(a)).toBe(true);
    expect([await seen.reserve(a), await seen.reserve(a)]).toEqual(['seen', 'seen']);
  });

  test(`${name}: an id that is committed stays seen when somebody releases it`, async () => {
    const { seen } = await setUp();
    await commit(seen, a);
    await seen.release(a);
    expect(await seen.reserve(a)).toBe('seen');
  });

  test(`${name}: an id is removed 72 hours after its commit, and not before`, async () => {
    const { seen, clock } = await setUp();
    await commit(seen, a);
    clock.advance(72 * HOUR_MS - 1);
    const before = seen.knows(a);
    clock.advance(1);
    expect([before, seen.knows(a), await seen.reserve(a)]).toEqual([true, false, 'new']);
  });

  test(`${name}: an id that is reserved is not removed, however much time passes`, async () => {
    const { seen, clock } = await setUp();
    await seen.reserve(a);
    clock.advance(99 * HOUR_MS);
    expect(await seen.reserve(a)).toBe('pending');
  });

  test(`${name}: the 72 hours of an id begin anew with a new commit`, async () => {
    const { seen, clock } = await setUp();
    await commit(seen, a);
    clock.advance(72 * HOUR_MS);
    await commit(seen, a);
    clock.advance(71 * HOUR_MS);
    expect(seen.knows(a)).toBe(true);
  });

  test(`${name}: the bound on ids costs the oldest committed id its place`, async () => {
    const { seen } = await setUp(2);
    await commit(seen, a, b, c);
    expect([a, b, c].map((id) => seen.knows(id))).toEqual([false, true, true]);
  });

  test(`${name}: the bound on ids goes by the last commit of an id`, async () => {
    const { seen, clock } = await setUp(2);
    await commit(seen, a);
    clock.advance(HOUR_MS);
    await commit(seen, b);
    clock.advance(71 * HOUR_MS);
    await commit(seen, a, c);
    expect([a, b, c].map((id) => seen.knows(id))).toEqual([true, false, true]);
  });

  test(`${name}: the bound on ids costs no id its place that is reserved`, async () => {
    const { seen } = await setUp(1);
    await seen.reserve(held);
    await commit(seen, a, b);
    expect(await seen.reserve(held)).toBe('pending');
  });

  test(`${name}: the bound on ids is not used up by ids that were removed long ago`, async () => {
    const { seen, clock } = await setUp(2);
    await commit(seen, a, b);
    clock.advance(72 * HOUR_MS);
    await commit(seen, c, d);
    expect([c, d].map((id) => seen.knows(id))).toEqual([true, true]);
  });

  test(`${name}: the bound on ids is told of every id that it cost its place, and of no other`, async () => {
    const { seen, clock, displaced } = await setUp(2);
    await commit(seen, a, b);
    await seen.commit(b);
    await seen.release(held);
    expect(displaced()).toBe(0);
    await commit(seen, c);
    expect(displaced()).toBe(1);
    await commit(seen, a, d);
    expect(displaced()).toBe(3);
    clock.advance(72 * HOUR_MS);
    await commit(seen, a, b);
    expect(displaced()).toBe(3);
  });

  test(`${name}: the bound on ids is reached with each of so many ids, and with none that was never committed`, async () => {
    const count = 100_000;
    const ids = Array.from({ length: count }, (_, n) => eventId(n));
    const { seen, displaced } = await setUp(count);
    for (const id of ids) await seen.commit(id);
    const strangers = Array.from({ length: count }, (_, n) => eventId(count + n));
    const [known, mistaken] = [ids, strangers].map((some) => some.filter((id) => seen.knows(id)).length);
    expect([known, mistaken, displaced()]).toEqual([count, 0, 0]);
  });
}
