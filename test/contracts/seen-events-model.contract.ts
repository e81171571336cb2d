import fc from 'fast-check';
import { expect, test } from 'vitest';

import { HOUR_MS } from '../../src/core/basics/clock.ts';
import type { SeenEvents } from '../../src/core/intake/seen-events.ts';
import { eventId } from '../support/events.ts';
import { FakeClock } from '../support/fake-clock.ts';
import type { CreateSeenEvents } from './seen-events.contract.ts';

/** A seen-set as simple as it can be: one map, oldest commit first. */
class NaiveSeenEvents {
  readonly #pending = new Set<string>();
  readonly #committed = new Map<string, number>();
  displaced = 0;

  knows(id: string, now: number): boolean {
    this.#forgetExpired(now);
    return this.#pending.has(id) || this.#committed.has(id);
  }

  reserve(id: string, now: number): 'new' | 'pending' | 'seen' {
    if (this.#pending.has(id)) return 'pending';
    if (this.knows(id, now)) return 'seen';
    this.#pending.add(id);
    return 'new';
  }

  commit(id: string, now: number, capacity: number): void {
    this.#forgetExpired(now);
    this.#pending.delete(id);
    this.#committed.delete(id);
    this.#committed.set(id, now);
    const [oldest] = this.#committed.keys();
    if (this.#committed.size <= capacity || oldest === undefined) return;
    this.#committed.delete(oldest);
    this.displaced++;
  }

  release(id: string): void {
    this.#pending.delete(id);
  }

  #forgetExpired(now: number): void {
    for (const [id, at] of this.#committed) if (now - at >= 72 * HOUR_MS) this.#committed.delete(id);
  }
}

const IDS = Array.from({ length: 60 }, (_, n) => eventId(n));

const capacity = fc.constantFrom(1, 2, 8, 40);
const id = fc.constantFrom(...IDS);
const passes = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(0, 1, HOUR_MS) },
  { weight: 1, arbitrary: fc.constantFrom(24 * HOUR_MS, 72 * HOUR_MS - 1, 72 * HOUR_MS) },
);
const operation = fc.record({
  type: fc.oneof(
    { weight: 5, arbitrary: fc.constant('commit' as const) },
    { weight: 2, arbitrary: fc.constantFrom('reserve' as const, 'release' as const) },
  ),
  id,
  passes,
});

type Operation = typeof operation extends fc.Arbitrary<infer One> ? One : never;

async function both(
  seen: SeenEvents,
  model: NaiveSeenEvents,
  step: Operation,
  { now, most }: { now: number; most: number },
): Promise<void> {
  switch (step.type) {
    case 'commit':
      model.commit(step.id, now, most);
      return seen.commit(step.id);
    case 'reserve':
      return expect(await seen.reserve(step.id)).toBe(model.reserve(step.id, now));
    case 'release':
      model.release(step.id);
      return seen.release(step.id);
  }
}

/** After any sequence of operations the seen-set has the same content as the simplest possible seen-set. */
export function seenEventsModelContract(name: string, create: CreateSeenEvents): void {
  test(`${name}: knows after anything what the simplest seen-set knows`, async () => {
    await fc.assert(
      fc.asyncProperty(
        capacity,
        fc.array(operation, { maxLength: 150, size: 'max' }),
        async (most, steps) => {
          const clock = new FakeClock();
          const model = new NaiveSeenEvents();
          let displaced = 0;
          const seen = await create({ clock: clock.read, capacity: most, onDisplaced: () => displaced++ });
          for (const step of steps) {
            clock.advance(step.passes);
            await both(seen, model, step, { now: clock.now, most });
            expect(IDS.filter((one) => seen.knows(one))).toEqual(
              IDS.filter((one) => model.knows(one, clock.now)),
            );
            expect(displaced).toBe(model.displaced);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
}
