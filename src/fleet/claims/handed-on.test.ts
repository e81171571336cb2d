import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { FakeSchedule } from '../../../test/support/fake-schedule.ts';
import type { EventStanding, SharedWake } from '../../core/fleet/wake-share.ts';
import { HandedOn } from './handed-on.ts';

const wake: SharedWake = { device: 'd', group: 'd', keys: [], kind: 'silent_wake', isVouched: false };

/** What was handed on, with how each event stands, and the events that were found lost. */
function bench(): {
  schedule: FakeSchedule;
  handed: HandedOn;
  standings: Record<string, EventStanding>;
  lost: string[];
} {
  const schedule = new FakeSchedule(new FakeClock());
  const standings: Record<string, EventStanding> = {};
  const lost: string[] = [];
  const handed = new HandedOn({
    monotonic: schedule.clock.read,
    schedule: schedule.schedule,
    look: async (asked) => asked.map(({ event }) => standings[event] ?? 'done'),
    onLost: async (event) => {
      lost.push(event);
      standings[event] = 'done';
    },
    onFault: (fault) => {
      throw fault;
    },
  });
  return { schedule, handed, standings, lost };
}

/** By then the other servers have told the engine again what they have. */
const TOLD_MS = 5000;

test('of what was handed on, that which nobody has is found, once', async () => {
  const { handed, lost, schedule, standings } = bench();
  for (const event of ['open', 'taken', 'done']) handed.note(event, wake);
  Object.assign(standings, { open: 'open', taken: 'taken' });
  for (let outages = 0; outages < 2; outages++) {
    handed.checkLater();
    await schedule.advance(TOLD_MS);
  }
  expect(lost).toEqual(['open']);
  expect(schedule.pending).toBe(0);
});

test('what cannot be looked for yet is looked for until it is known who has it', async () => {
  const { handed, lost, schedule, standings } = bench();
  for (const event of ['lost', 'read']) {
    handed.note(event, wake);
    standings[event] = 'unknown';
  }
  handed.checkLater();
  await schedule.advance(2 * TOLD_MS);
  Object.assign(standings, { lost: 'open', read: 'done' });
  await schedule.advance(TOLD_MS);
  expect(lost).toEqual(['lost']);
  expect(schedule.pending).toBe(0);
});

test('what is taken after one outage is looked for after the next one', async () => {
  const { handed, lost, schedule, standings } = bench();
  handed.note('event', wake);
  standings['event'] = 'taken';
  handed.checkLater();
  await schedule.advance(TOLD_MS);
  standings['event'] = 'open';
  handed.checkLater();
  await schedule.advance(TOLD_MS);
  expect(lost).toEqual(['event']);
});

test('a server that stops looks for nothing any more', async () => {
  const { handed, lost, schedule, standings } = bench();
  handed.note('event', wake);
  standings['event'] = 'open';
  handed.checkLater();
  handed.stop();
  handed.checkLater();
  await schedule.advance(TOLD_MS);
  expect(lost).toEqual([]);
  expect(schedule.pending).toBe(0);
});

test('after a minute what was handed on has been read', async () => {
  const { handed, lost, schedule, standings } = bench();
  for (const event of ['old', 'new']) {
    handed.note(event, wake);
    standings[event] = 'open';
    await schedule.advance(45_000);
  }
  handed.checkLater();
  await schedule.advance(TOLD_MS);
  expect(lost).toEqual(['new']);
});

test('a process that stands still for long before it looks finds what was lost all the same', async () => {
  const { handed, lost, schedule, standings } = bench();
  handed.note('event', wake);
  standings['event'] = 'open';
  handed.checkLater();
  schedule.clock.advance(600_000);
  await schedule.advance(TOLD_MS);
  expect(lost).toEqual(['event']);
});

test('of very much the latest is remembered', async () => {
  const { handed, lost, schedule, standings } = bench();
  for (let number = 0; number < 10_010; number++) {
    handed.note(`${number}`, wake);
    standings[`${number}`] = 'open';
  }
  handed.checkLater();
  await schedule.advance(TOLD_MS);
  expect(lost).toHaveLength(10_000);
  expect(lost).not.toContain('9');
});
