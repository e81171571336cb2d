import { describe, expect, test } from 'vitest';

import { keyWake, laneHost } from '../../../test/support/lane-bench.ts';
import { LaneEntry, type LaneRank } from './lane-entry.ts';
import { LaneQueue, type OpenLines } from './lane-queue.ts';

function entry(token: string, rank: LaneRank): LaneEntry {
  const made = new LaneEntry(keyWake(token), laneHost(), 0);
  made.rank = rank;
  return made;
}

const take = (queue: LaneQueue, open?: OpenLines): string | undefined => {
  const next = queue.next(open);
  if (next !== undefined) queue.take(next);
  return next?.device;
};

const devices = (queue: LaneQueue): string[] => {
  const taken: string[] = [];
  for (let next = take(queue); next !== undefined; next = take(queue)) taken.push(next);
  return taken;
};

test('live wakes come before recovered ones, these before owed ones, and each rank in its order', () => {
  const queue = new LaneQueue();
  const ranks: LaneRank[] = ['owed', 'recovered', 'live', 'owed', 'live', 'recovered'];
  for (const [n, rank] of ranks.entries()) queue.push(entry(String(n), rank));
  expect(queue.size).toBe(6);
  expect(devices(queue)).toEqual(['2', '4', '1', '5', '0', '3'].map((n) => `fcm ${n}`));
  expect(queue.size).toBe(0);
});

test('what was taken out is not there any more, and has one place when it comes again', () => {
  const queue = new LaneQueue();
  const moved = entry('moved', 'owed');
  queue.push(moved);
  queue.push(entry('other', 'live'));
  queue.remove(moved);
  expect(queue.size).toBe(1);
  moved.raise('live');
  queue.push(moved);
  expect(queue.size).toBe(2);
  expect(devices(queue)).toEqual(['fcm other', 'fcm moved']);
});

test('a wake is raised, and never lowered', () => {
  const one = entry('one', 'recovered');
  one.raise('owed');
  expect(one.rank).toBe('recovered');
  one.raise('live');
  expect(one.rank).toBe('live');
});

const failed = (token: string): LaneEntry => Object.assign(entry(token, 'live'), { hasFailed: true });
const known = (token: string): LaneEntry => Object.assign(entry(token, 'live'), { isKnown: true });
const names = (...tokens: string[]): string[] => tokens.map((token) => `fcm ${token}`);

describe('of the wakes of one rank', () => {
  test('those of devices that are known to work have every other turn, new ones and retries every fourth', () => {
    const queue = new LaneQueue();
    for (let n = 0; n < 3; n++) queue.push(failed(`failed ${n}`));
    for (let n = 0; n < 3; n++) queue.push(entry(`new ${n}`, 'live'));
    for (let n = 0; n < 4; n++) queue.push(known(`known ${n}`));
    expect(devices(queue)).toEqual(
      'known 0, new 0, known 1, failed 0, known 2, new 1, known 3, failed 1, new 2, failed 2'
        .split(', ')
        .map((token) => `fcm ${token}`),
    );
  });

  test('three that are new go before each one that has failed before', () => {
    const queue = new LaneQueue();
    for (let n = 0; n < 3; n++) queue.push(failed(`failed ${n}`));
    for (let n = 0; n < 5; n++) queue.push(entry(`new ${n}`, 'live'));
    expect(devices(queue)).toEqual(
      names('new 0', 'new 1', 'new 2', 'failed 0', 'new 3', 'new 4', 'failed 1', 'failed 2'),
    );
  });

  test('those are left out for which there is no place', () => {
    const queue = new LaneQueue();
    queue.push(failed('failed'));
    queue.push(entry('owed', 'owed'));
    const open = { known: true, first: true, retries: false };
    expect([take(queue, open), take(queue, open), queue.size]).toEqual(['fcm owed', undefined, 1]);
    expect(take(queue)).toBe('fcm failed');
  });
});
