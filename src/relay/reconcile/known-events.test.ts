import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS, unixSeconds } from '../../core/basics/clock.ts';
import { ID_WORDS, readEventId } from '../wire/event-id.ts';
import { SUM_WORDS } from './id-sum.ts';
import { KnownEvents } from './known-events.ts';
import { MemoryShare } from './memory-share.ts';

/** An event with an id of its own. */
function event(n: number, createdAt: number) {
  const id = createHash('sha256').update(`${n}`).digest('hex');
  return { createdAt, readId: (words: Uint32Array) => readEventId(Buffer.from(id), 0, id.length, words) };
}

function setUp(most = Infinity) {
  const clock = new FakeClock();
  const share = new MemoryShare(most);
  const known = new KnownEvents(share, clock.read);
  const now = unixSeconds(clock.read);
  const count = (events: KnownEvents = known): number => {
    const sum = new Uint32Array(SUM_WORDS);
    events.sumUp(sum, 0, Number.MAX_SAFE_INTEGER);
    return sum[0] ?? 0;
  };
  return { clock, count, known, now, share };
}

test('an event that comes again is known once, and its id is found near its time only', () => {
  const { count, known, now } = setUp();
  for (const _ of [1, 2, 3]) known.note(event(1, now - 5000));
  const words = new Uint32Array(ID_WORDS);
  event(1, 0).readId(words);
  expect([count(), known.count]).toEqual([1, 1]);
  expect([known.holds(words, now - 5000, now - 4999), known.holds(words, now - 2000, now)]).toEqual([
    true,
    false,
  ]);
});

test('an event with a time that wakes no device, or with an id that is none, is not remembered', () => {
  const { count, known, now } = setUp();
  for (const at of [0, now - 80 * 3600, now + 7200, now + 0.5, Infinity, -1]) known.note(event(1, at));
  known.note({ createdAt: now, readId: () => false });
  expect([count(), known.bytes]).toEqual([0, 0]);
});

test('a million ids take some 18 bytes each', () => {
  const { known, now } = setUp();
  const words = new Uint32Array(ID_WORDS);
  for (let n = 0; n < 100_000; n++) {
    for (let word = 0; word < ID_WORDS; word++) words[word] = Math.imul(n + word, 2_654_435_761);
    // As dense as a million in two days.
    known.add(now - (n % 17_280), words);
  }
  expect(known.count).toBe(100_000);
  expect(known.bytes / known.count).toBeLessThan(20);
});

test('what is too old to be asked for is forgotten', () => {
  const { clock, count, known, now } = setUp();
  known.note(event(1, now));
  clock.advance(80 * HOUR_MS);
  known.note(event(2, unixSeconds(clock.read)));
  expect(count()).toBe(1);
});

test('the events are whole since the record began, or since a recovery got everything, until events have to come again', () => {
  const { clock, known, now } = setUp();
  expect(known.wholeSince).toBe(now);
  known.completeSince(now - 1000);
  known.completeSince(now - 500);
  expect(known.wholeSince).toBe(now - 1000);
  known.note(event(1, now));
  clock.advance(HOUR_MS);
  known.forget();
  expect([known.wholeSince, known.count, known.bytes]).toEqual([now + 3600, 0, 0]);
});

test('if the memory is used up, the largest record loses its oldest part, and no other loses anything', () => {
  const { clock, count, known, now, share } = setUp(200_000);
  const other = new KnownEvents(share, clock.read);
  for (let n = 0; n < 50; n++) other.note(event(n, now - n));
  known.completeSince(now - 72 * 3600);
  for (let n = 0; n < 20_000; n++) known.note(event(n, now - 60_000 + 3 * n));
  expect(share.bytes).toBeLessThanOrEqual(200_000);
  expect(count(other)).toBe(50);
  expect(known.wholeSince).toBeGreaterThan(now - 60_000);
  // Everything since then is still known.
  expect(count()).toBeGreaterThanOrEqual(Math.floor((now - known.wholeSince) / 3));
  other.end();
  known.end();
  expect(share.bytes).toBe(0);
});
