import { expect, test } from 'vitest';

import { RECOVERY_BOUNDS } from '../gaps/page-plan.ts';
import { ID_WORDS } from '../wire/event-id.ts';
import { EventIds } from './event-ids.ts';
import { MissingEvents } from './missing-events.ts';

function missing(count: number): MissingEvents {
  const ids = new EventIds();
  for (let n = 0; n < count; n++) ids.push(new Uint32Array(ID_WORDS).fill(n + 1));
  return new MissingEvents(ids, { bounds: RECOVERY_BOUNDS, maxLimit: undefined });
}

/** Asks until nothing is left. @param give how many events of each page come. @returns how many ids each page asked for, and what came */
function run(plan: MissingEvents, give: (ids: readonly string[]) => readonly string[] | 'lost' | 'refused') {
  const asked: number[] = [];
  const came = new Set<string>();
  for (let page = plan.next(); page !== undefined; page = plan.next()) {
    asked.push(page.ids.length);
    const answer = give(page.ids);
    if (answer === 'lost') plan.lost();
    else if (answer === 'refused') plan.refused(true);
    else {
      for (const id of answer) {
        plan.received(1, id);
        came.add(id);
      }
      plan.ended();
    }
    expect(asked.length).toBeLessThan(200);
  }
  return { asked, came };
}

test('ids are asked for in pages', () => {
  const plan = missing(600);
  const { asked, came } = run(plan, (ids) => ids);
  expect([asked, came.size, plan.hasFailed]).toEqual([[250, 250, 100], 600, false]);
  expect(plan.report()).toMatchObject({ pages: 3, events: 600 });
});

test('a relay that gives fewer at once is asked for the others again', () => {
  const plan = missing(300);
  const { asked, came } = run(plan, (ids) => ids.slice(0, 51));
  expect([came.size, plan.hasFailed, Math.max(...asked.slice(1))]).toEqual([300, false, 51]);
});

/** Whether a relay that has listed a thousand events, and lacks so many of them, gives what it has listed. */
function givesListed(count: number): boolean {
  const plan = missing(1000);
  let lacking: ReadonlySet<string> | undefined;
  run(plan, (ids) => {
    lacking ??= new Set(ids.slice(0, count));
    return ids.filter((id) => lacking?.has(id) === false);
  });
  return !plan.hasFailed;
}

test('a few events may be gone, and many may not', () => {
  expect([givesListed(8), givesListed(21)]).toEqual([true, false]);
});

test('a relay that refuses is asked for fewer, and then for pages; so is one that ends the connection twice', () => {
  const refusing = missing(300);
  const { asked } = run(refusing, () => 'refused');
  expect([asked.slice(0, 3), refusing.hasFailed]).toEqual([[250, 125, 62], true]);
  const cutting = missing(300);
  expect([run(cutting, () => 'lost').asked.length, cutting.hasFailed]).toEqual([2, true]);
});

test('an event that is too long to be read counts as given', () => {
  const plan = missing(20);
  const page = plan.next();
  for (const id of page?.ids.slice(1) ?? []) plan.received(1, id);
  plan.leftOut();
  plan.ended();
  expect([plan.next(), plan.hasFailed]).toEqual([undefined, false]);
});

test('a relay that gives events that were not asked for gets no further by them', () => {
  const plan = missing(9);
  run(plan, () => ['ff'.repeat(32)]);
  expect(plan.hasFailed).toBe(true);
});
