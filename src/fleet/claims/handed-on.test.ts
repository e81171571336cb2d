import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import type { EventStanding, SharedWake } from '../../core/fleet/wake-share.ts';
import { HandedOn } from './handed-on.ts';

const wake: SharedWake = { device: 'd', group: 'd', keys: [], kind: 'silent_wake', isVouched: false };

/** What was handed on, with how each event stands, and the events that were found lost. */
function bench(): {
  clock: FakeClock;
  handed: HandedOn;
  standings: Record<string, EventStanding>;
  lost: string[];
} {
  const clock = new FakeClock();
  const standings: Record<string, EventStanding> = {};
  const lost: string[] = [];
  const handed = new HandedOn({
    monotonic: clock.read,
    look: async (event) => [standings[event] ?? 'done'],
    onLost: async (event) => void lost.push(event),
  });
  return { clock, handed, standings, lost };
}

test('of what was handed on, that which nobody has is found, once', async () => {
  const { handed, lost, standings } = bench();
  for (const event of ['open', 'taken', 'done']) handed.note(event, wake);
  Object.assign(standings, { open: 'open', taken: 'taken' });
  await handed.check();
  await handed.check();
  expect(lost).toEqual(['open']);
});

test('what cannot be looked for now is looked for after the outage', async () => {
  const { handed, lost, standings } = bench();
  handed.note('event', wake);
  standings['event'] = 'unknown';
  await handed.check();
  standings['event'] = 'open';
  await handed.check();
  expect(lost).toEqual(['event']);
});

test('after a minute what was handed on has been read', async () => {
  const { clock, handed, lost, standings } = bench();
  for (const event of ['old', 'new']) {
    handed.note(event, wake);
    standings[event] = 'open';
    clock.advance(45_000);
  }
  await handed.check();
  expect(lost).toEqual(['new']);
});

test('of very much the latest is remembered', async () => {
  const { handed, lost, standings } = bench();
  for (let number = 0; number < 10_010; number++) {
    handed.note(`${number}`, wake);
    standings[`${number}`] = 'open';
  }
  await handed.check();
  expect(lost).toHaveLength(10_000);
  expect(lost).not.toContain('9');
});
