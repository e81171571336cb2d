import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../core/basics/clock.ts';
import { EventLog } from '../reconcile/event-log.ts';
import { KnownEvents } from '../reconcile/known-events.ts';
import { MemoryShare } from '../reconcile/memory-share.ts';
import { KindWatch } from './kind-watch.ts';

const REPORT = { pages: 1, events: 0, crowdedSeconds: 0, poisonedSeconds: [] };

/** A kind at a relay that offers NIP-77, listened to for so long. */
function listenedTo(ms: number) {
  const clock = new FakeClock();
  const watch = new KindWatch({
    kind: 1059,
    total: { events: 0 },
    clock: clock.read,
    startedAt: clock.read(),
  });
  watch.known = new KnownEvents(new MemoryShare(Infinity), clock.read);
  clock.advance(ms);
  /** Whether a gap of a minute is reconciled. */
  const gap = (): boolean => {
    watch.coverage.lose(clock.read() - MINUTE_MS);
    const isToReconcile = watch.pagePlan(undefined)?.isToReconcile;
    watch.finishRecovery(REPORT);
    return isToReconcile === true;
  };
  return { clock, gap, watch };
}

test('a gap is reconciled once everything since its beginning is known: after two days, or after one that was asked for by pages', () => {
  const { clock, gap, watch } = listenedTo(HOUR_MS);
  expect(gap()).toBe(false);
  watch.learn({ log: new EventLog(), since: Math.floor((clock.read() - 2.5 * DAY_MS) / 1000) });
  expect(gap()).toBe(true);
  expect(listenedTo(2.1 * DAY_MS).gap()).toBe(true);
});

test('after events were dropped unverified, everything is asked for: an id alone would show that its event was for a registered key', () => {
  const { clock, gap, watch } = listenedTo(3 * DAY_MS);
  expect(gap()).toBe(true);
  watch.noteUnverified(clock.read());
  expect([gap(), watch.known?.count]).toEqual([false, 0]);
});

test('a gap with an event that ends the connection is asked for by pages', () => {
  const { clock, gap, watch } = listenedTo(3 * DAY_MS);
  watch.finishRecovery({ ...REPORT, poisonedSeconds: [Math.floor(clock.read() / 1000) - 5000] });
  expect(gap()).toBe(false);
});

test('an audit is reconciled in the same way', () => {
  const [early, late] = [listenedTo(HOUR_MS), listenedTo(3 * DAY_MS)];
  const isToReconcile = ({ clock, watch }: typeof early): boolean =>
    watch.auditPlan(clock.read() - HOUR_MS, undefined).isToReconcile;
  expect([isToReconcile(early), isToReconcile(late)]).toEqual([false, true]);
});
