import { expect, test } from 'vitest';

import { keyWake, idleLane } from '../../../test/support/lane-bench.ts';
import { LaneEntry, OUT } from './lane-entry.ts';
import { LaneQueue, type LaneRank, type OpenLines } from './lane-queue.ts';

type Queue = LaneQueue<LaneEntry>;

function entry(token: string, rank: LaneRank): LaneEntry {
  const made = new LaneEntry(keyWake(token), idleLane(), 0);
  made.rank = rank;
  return made;
}

/** Queues an entry, as `LaneBook` does. */
const push = (queue: Queue, one: LaneEntry): void => {
  one.state = queue.push(one);
};

const take = (queue: Queue, open?: OpenLines): string | undefined => {
  const next = queue.next(open);
  if (next?.state.is !== 'queued') return undefined;
  queue.take(next, next.state);
  next.state = OUT;
  return next.device;
};

const devices = (queue: Queue): string[] => {
  const taken: string[] = [];
  for (let next = take(queue); next !== undefined; next = take(queue)) taken.push(next);
  return taken;
};

test('live wakes come before recovered ones, these before owed ones, and each rank in its order', () => {
  const queue = new LaneQueue<LaneEntry>();
  const ranks: LaneRank[] = ['owed', 'recovered', 'live', 'owed', 'live', 'recovered'];
  for (const [n, rank] of ranks.entries()) push(queue, entry(String(n), rank));
  expect(queue.size).toBe(6);
  expect(devices(queue)).toEqual(['2', '4', '1', '5', '0', '3'].map((n) => `fcm ${n}`));
  expect(queue.size).toBe(0);
});

test('an entry that has left the queue is not taken, and has one place when it comes again', () => {
  const queue = new LaneQueue<LaneEntry>();
  const moved = entry('moved', 'owed');
  push(queue, moved);
  push(queue, entry('other', 'live'));
  queue.leave();
  moved.state = OUT;
  expect(queue.size).toBe(1);
  moved.raise('live');
  push(queue, moved);
  expect(queue.size).toBe(2);
  expect(devices(queue)).toEqual(['fcm other', 'fcm moved']);
});

test('the rank of an entry is raised, and never lowered', () => {
  const one = entry('one', 'recovered');
  one.raise('owed');
  expect(one.rank).toBe('recovered');
  one.raise('live');
  expect(one.rank).toBe('live');
});

const failed = (token: string): LaneEntry =>
  Object.assign(entry(token, 'live'), { line: 'retries' } as const);
const known = (token: string): LaneEntry => Object.assign(entry(token, 'live'), { line: 'known' } as const);
const names = (...tokens: string[]): string[] => tokens.map((token) => `fcm ${token}`);

test('of the entries of one rank, known devices have every other turn, new devices and retries every fourth', () => {
  const queue = new LaneQueue<LaneEntry>();
  for (let n = 0; n < 3; n++) push(queue, failed(`failed ${n}`));
  for (let n = 0; n < 3; n++) push(queue, entry(`new ${n}`, 'live'));
  for (let n = 0; n < 4; n++) push(queue, known(`known ${n}`));
  expect(devices(queue)).toEqual(
    'known 0, new 0, known 1, failed 0, known 2, new 1, known 3, failed 1, new 2, failed 2'
      .split(', ')
      .map((token) => `fcm ${token}`),
  );
});

test('of the entries of one rank, three of new devices go before each retry', () => {
  const queue = new LaneQueue<LaneEntry>();
  for (let n = 0; n < 3; n++) push(queue, failed(`failed ${n}`));
  for (let n = 0; n < 5; n++) push(queue, entry(`new ${n}`, 'live'));
  expect(devices(queue)).toEqual(
    names('new 0', 'new 1', 'new 2', 'failed 0', 'new 3', 'new 4', 'failed 1', 'failed 2'),
  );
});

test('of the entries of one rank, those of a closed line are left out', () => {
  const queue = new LaneQueue<LaneEntry>();
  push(queue, failed('failed'));
  push(queue, entry('owed', 'owed'));
  const open = { known: true, first: true, retries: false };
  expect([take(queue, open), take(queue, open), queue.size]).toEqual(['fcm owed', undefined, 1]);
  expect(take(queue)).toBe('fcm failed');
});
