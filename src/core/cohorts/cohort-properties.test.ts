import fc from 'fast-check';
import { expect, test } from 'vitest';

import { CohortBench, phones, seededChance, SWEEP_MS, viewOf } from '../../../test/support/cohorts.ts';
import { DAY_MS } from '../basics/clock.ts';
import { deviceOf, type PushTarget } from '../registry/push-target.ts';
import type { CohortChange } from './cohort-change.ts';
import { CohortTable, type Cohort } from './cohort-table.ts';

const SIZE = 4;
/** Android phones and iPhones. */
const DEVICES = phones(...'a b c d e f g h j k l m n o i1 i2 i3 i4 i5 i6'.split(' '));
const device = fc.constantFrom(...DEVICES);

/** Something that happens to the registrations, and what the book is told of it. */
type Step =
  | { readonly does: 'register' | 'expire' | 'evict'; readonly device: PushTarget }
  | { readonly does: 'move' | 'share'; readonly device: PushTarget; readonly to: PushTarget }
  | { readonly does: 'pass'; readonly days: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ does: fc.constant('register' as const), device }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('expire' as const, 'evict' as const), device }) },
  fc.record({ does: fc.constantFrom('move' as const, 'share' as const), device, to: device }),
  fc.record({ does: fc.constant('pass' as const), days: fc.double({ min: 0, max: 4, noNaN: true }) }),
);
const steps = fc.array(step, { maxLength: 80, size: 'max' });

async function take(bench: CohortBench, next: Step): Promise<void> {
  switch (next.does) {
    case 'register':
      return bench.register(next.device);
    case 'expire':
      return bench.expire(next.device);
    case 'evict':
      return bench.evict(next.device);
    case 'pass':
      return bench.pass(next.days);
    case 'move':
    case 'share': {
      const isKnown = bench.registered.has(deviceOf(next.device));
      if (!isKnown || deviceOf(next.device) === deviceOf(next.to)) return;
      if (next.does === 'move') return bench.move(next.device, next.to);
      bench.registered.add(deviceOf(next.to));
      bench.book.enter(next.to, viewOf(next.to), next.device);
    }
  }
}

/** Every cohort that has a member, and the cohorts that a table lists. */
function cohortsOf(table: CohortTable): Cohort[] {
  return [...new Set([...table.members()].map(({ cohort }) => cohort))];
}

/** The views of `viewOf`. */
const VIEWS = ['fcm ios', 'fcm android'];

/** All that a table knows, in an order that depends on nothing but its contents. */
function contents(table: CohortTable): unknown {
  const cohorts = cohortsOf(table).map(({ id, isClosed, isDue, members, places, size, view }) => ({
    id,
    isClosed,
    isDue,
    places,
    size,
    view,
    members: members
      .map(({ device: name, place, until }) => `${name} ${place} ${until}`)
      .toSorted((a, b) => (a < b ? -1 : 1)),
  }));
  const forming = VIEWS.map((view) => table.forming(view)?.id);
  const closed = VIEWS.map((view) =>
    table
      .closed(view)
      .map(({ id }) => id)
      .toSorted((a, b) => a - b),
  );
  return { cohorts: cohorts.toSorted((a, b) => a.id - b.id), counts: table.counts, forming, closed };
}

function replayed(changes: Iterable<CohortChange>): CohortTable {
  const table = new CohortTable();
  for (const change of changes) table.apply(change);
  return table;
}

/** What is wrong with the cohorts; nothing, as a rule. Plain comparisons, because there are millions of them. */
function* problems({ now, record: { table }, registered }: CohortBench): Generator<string> {
  const cohorts = cohortsOf(table);
  const listed = cohorts.flatMap(({ members }) => members.map((member) => member.device));
  if (new Set(listed).size !== listed.length || listed.length !== table.size)
    yield 'a device is not in one cohort';
  for (const name of registered)
    if (table.member(name)?.until !== undefined || table.member(name) === undefined)
      yield `${name} is registered, and no member`;
  for (const { device: name, until = 0 } of table.members())
    if (!registered.has(name) && (until <= now || until > now + 7 * DAY_MS - 2 * SWEEP_MS))
      yield `${name} stays until ${until - now}`;
  for (const { id, isClosed, members, places, size, view } of cohorts) {
    if (members.some((member) => viewOf(member.target) !== view)) yield `${id} has two views`;
    if (places !== new Set(members.map(({ place }) => place)).size) yield `${id} has not ${places} places`;
    if (!isClosed && places >= SIZE) yield `${id} is full and not closed`;
    if (isClosed && 2 * places < size && table.closed(view).length > 1) yield `${id} is not merged`;
  }
  const forming = cohorts.filter(({ isClosed }) => !isClosed);
  if (new Set(forming.map(({ view }) => view)).size < forming.length) yield 'two cohorts form';
}

/** By device, the closed cohort that it is in. */
function closedCohorts(bench: CohortBench): Map<string, number> {
  const closed = [...bench.record.table.members()].filter(({ cohort }) => cohort.isClosed);
  return new Map(closed.map(({ cohort, device: name }) => [name, cohort.id]));
}

/** What has changed in a closed cohort beside members that left, a member's new token, and the union with a whole cohort. */
function* changed(before: Map<string, number>, after: Map<string, number>, taken: Step): Generator<string> {
  const went = new Map<number, number>();
  for (const [name, cohort] of before) {
    const now = after.get(name);
    if (now !== undefined && (went.get(cohort) ?? now) !== now) yield `${cohort} was split`;
    if (now !== undefined) went.set(cohort, now);
  }
  const old = new Set(before.values());
  const newcomers = [...after].filter(([name]) => !before.has(name));
  for (const [name, cohort] of newcomers) {
    const isSuccessor = 'to' in taken && deviceOf(taken.to) === name;
    // A cohort that had waited may have been merged with one that has just closed: then a whole cohort came.
    const came = newcomers.filter(([, other]) => other === cohort).length;
    if (old.has(cohort) && !isSuccessor && came < SIZE) yield `${name} came to ${cohort}`;
  }
}

test('cohorts hold each device once, form one at a time for each view, are merged in time, and change only by union', async () => {
  await fc.assert(
    fc.asyncProperty(steps, fc.integer(), async (all, seed) => {
      const bench = new CohortBench({ size: SIZE, chance: seededChance(seed) });
      for (const next of all) {
        const before = closedCohorts(bench);
        await take(bench, next);
        // Evicted devices have left without a sweep; all others that are not registered were noticed.
        await bench.book.sweep();
        expect([...problems(bench), ...changed(before, closedCohorts(bench), next)]).toEqual([]);
      }
    }),
    { numRuns: 100 },
  );
});

test('cohorts are the same after a restart, from all changes or from what a rewrite has made of them', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      const bench = new CohortBench({ size: SIZE });
      for (const next of all) await take(bench, next);
      const { changes, table } = bench.record;
      expect(contents(replayed(changes))).toEqual(contents(table));
      expect(contents(replayed(table.changes()))).toEqual(contents(table));
      expect([...replayed(changes).changes()]).toEqual([...table.changes()]);
      expect([...replayed(table.changes()).changes()]).toEqual([...table.changes()]);
    }),
    { numRuns: 200 },
  );
});

test('cohorts that change while a rewrite reads them are the same after a restart', async () => {
  await fc.assert(
    fc.asyncProperty(steps, steps, fc.infiniteStream(fc.nat(3)), async (first, then, pace) => {
      const bench = new CohortBench({ size: SIZE });
      for (const next of first) await take(bench, next);
      const begun = bench.record.changes.length;
      const rewrite = bench.record.table.changes();
      const read: CohortChange[] = [];
      for (const next of then) {
        for (let count = pace.next().value ?? 0; count > 0; count--) {
          const { value } = rewrite.next();
          if (value !== undefined) read.push(value as CohortChange);
        }
        await take(bench, next);
      }
      read.push(...rewrite);
      const restarted = replayed([...read, ...bench.record.changes.slice(begun)]);
      expect(contents(restarted)).toEqual(contents(bench.record.table));
    }),
    { numRuns: 2000 },
  );
});

const ended = (cohort: number): CohortChange => ({ type: 'ended', cohort });

test('the cohort that forms is still the one that forms after a restart, although the record has the changes of a former one too', () => {
  const view = 'fcm android';
  const formed = (cohort: number): CohortChange => ({ type: 'formed', cohort, view });
  // A rewrite that reads after these changes, which are written after it once more.
  const table = replayed([formed(2), formed(1), ended(1), formed(2)]);
  expect(table.forming(view)?.id).toBe(2);
  table.apply(ended(2));
  expect(table.forming(view)).toBeUndefined();
});
