import { createHash } from 'node:crypto';

import { expect, test } from 'vitest';

import { NegentropyServer, type Item } from '../../../stand-ins/relay-negentropy.ts';
import { readEventId, ID_WORDS } from '../wire/event-id.ts';
import { EventIds } from './event-ids.ts';
import { KnownEvents } from './known-events.ts';
import { MemoryShare } from './memory-share.ts';
import { Reconciliation, type ReconciliationOptions } from './reconciliation.ts';

const NOW = 1_700_000_000;
const END = 253_402_300_800;
const DAY = 86_400;

function item(n: number, second: number): Item {
  return { second, id: createHash('sha256').update(`${n}`).digest('hex') };
}

/** Items of two days, in seconds that a simple generator chooses. */
function items(count: number, seconds = 2 * DAY): Item[] {
  return Array.from({ length: count }, (_, n) =>
    item(n, NOW - ((Math.imul(n + 1, 2_654_435_761) >>> 0) % seconds)),
  );
}

function knownEvents(known: readonly Item[], share = new MemoryShare(Infinity)): KnownEvents {
  const events = new KnownEvents(share, () => NOW * 1000);
  const words = new Uint32Array(ID_WORDS);
  for (const { id, second } of known) {
    readEventId(Buffer.from(id), 0, id.length, words);
    events.add(second, words);
  }
  return events;
}

/** Reconciles with a relay. @returns the ids that were found missing, and how many bytes went each way, in hexadecimal digits */
function reconcile(
  relay: NegentropyServer,
  known: KnownEvents,
  options: Partial<ReconciliationOptions> = {},
) {
  const missing = new EventIds();
  const reconciliation = new Reconciliation({
    known,
    missing,
    since: NOW - 2 * DAY,
    until: END,
    now: NOW,
    expectedShare: 0,
    samples: [],
    mostBytes: 32_768,
    mostMissing: 500_000,
    ...options,
  });
  const cost = { sent: 0, received: 0, rounds: 0 };
  for (let message = reconciliation.next(); message !== undefined; message = reconciliation.next()) {
    const answer = relay.answer(message.toString('hex'));
    cost.rounds++;
    cost.sent += 2 * message.length;
    cost.received += answer.length;
    expect(reconciliation.take(Buffer.from(answer, 'hex'))).toBe(true);
    expect(cost.rounds).toBeLessThan(1000);
  }
  const ids = Array.from({ length: missing.count }, (_, n) => missing.text(n));
  return { ids: ids.toSorted(), cost, reconciliation };
}

const idsOf = (all: readonly Item[]): string[] => all.map(({ id }) => id).toSorted();

test.each([0, 0.001, 0.02, 0.5, 1])(
  'a reconciliation finds every missing event and no other, whatever share of %d is expected to be missing',
  (expectedShare) => {
    const all = items(20_000);
    const missing = all.filter((_, n) => n % 97 === 5);
    const known = knownEvents(all.filter((_, n) => n % 97 !== 5));
    for (const frameBytes of [Infinity, 4096]) {
      const { ids, reconciliation } = reconcile(new NegentropyServer(all, frameBytes), known, {
        expectedShare,
      });
      expect(ids).toEqual(idsOf(missing));
      expect([reconciliation.lacking, reconciliation.mayBeCutOff]).toEqual([0, false]);
    }
  },
);

test('nothing missing among twenty thousand events costs one short message each way', () => {
  const all = items(20_000);
  const { cost, ids } = reconcile(new NegentropyServer(all), knownEvents(all));
  expect(ids).toEqual([]);
  expect(cost).toEqual({ sent: expect.any(Number) as number, received: 2, rounds: 1 });
  expect(cost.sent).toBeLessThan(400);
});

test('three missing among twenty thousand events cost some kilobytes', () => {
  const all = items(20_000);
  const known = knownEvents(all.filter((_, n) => n % 6000 !== 1000));
  const { cost, ids } = reconcile(new NegentropyServer(all), known);
  expect(ids).toHaveLength(4);
  expect([cost.sent < 20_000, cost.received < 20_000]).toEqual([true, true]);
});

test('events of a single second, more than a relay lists at once, are all found', () => {
  const all = Array.from({ length: 3000 }, (_, n) => item(n, NOW - 100));
  const known = knownEvents(all.filter((_, n) => n % 2 === 0));
  const { ids } = reconcile(new NegentropyServer(all, 4096), known);
  expect(ids).toEqual(idsOf(all.filter((_, n) => n % 2 === 1)));
});

test('an answer that is too long is asked for in smaller parts', () => {
  const all = items(3000);
  const relay = new NegentropyServer(all);
  const missing = new EventIds();
  const reconciliation = new Reconciliation({
    known: knownEvents([]),
    missing,
    since: NOW - 2 * DAY,
    until: END,
    now: NOW,
    expectedShare: 1,
    samples: [],
    mostBytes: 32_768,
    mostMissing: 5000,
  });
  for (let message = reconciliation.next(); message !== undefined; message = reconciliation.next()) {
    const answer = relay.answer(message.toString('hex'));
    expect(
      answer.length > 40_000 ? reconciliation.narrow() : reconciliation.take(Buffer.from(answer, 'hex')),
    ).toBe(true);
  }
  expect(missing.count).toBe(3000);
});

test('a relay that compares its newest events only is noticed', () => {
  const all = items(2000).toSorted((a, b) => b.second - a.second);
  const known = knownEvents(all.filter((_, n) => n % 10 !== 0));
  const { reconciliation } = reconcile(new NegentropyServer(all.slice(0, 1990)), known);
  expect([reconciliation.lacking, reconciliation.mayBeCutOff]).toEqual([9, true]);
});

test('a relay that lists many events where none is known may have left out others', () => {
  const all = items(100);
  const few = reconcile(new NegentropyServer(all.slice(0, 20)), knownEvents([]));
  const many = reconcile(new NegentropyServer(all), knownEvents([]));
  expect([few.ids.length, few.reconciliation.mayBeCutOff]).toEqual([20, false]);
  expect([many.ids.length, many.reconciliation.mayBeCutOff]).toEqual([100, true]);
});

test('a live event that the relay has not stored is noticed, and one that it has stored is not', () => {
  const all = items(1000);
  const [sample, other] = [all[3] as Item, item(5000, NOW - 50)];
  const lacking = ({ id, second }: Item) => {
    const options = { samples: [{ id, createdAt: second }] };
    return reconcile(new NegentropyServer(all), knownEvents([...all, other]), options).reconciliation
      .lackingSamples;
  };
  expect([lacking(sample), lacking(other)]).toEqual([0, 1]);
});

test('events that the relay no longer has are counted', () => {
  const all = items(1000);
  const { ids, reconciliation } = reconcile(new NegentropyServer(all.slice(0, 950)), knownEvents(all));
  expect([ids, reconciliation.lacking]).toEqual([[], 50]);
});

test.each([
  ['no message', ''],
  ['another version', '62'],
  ['a cut bound', '61ff'],
  ['a mode of none', '61000005'],
  ['a cut list', '61000002ff00'],
  ['a list of ten million ids', '6100000284e2ad00'],
  ['a list for all time', `6100000201${'ab'.repeat(32)}`],
  ['an id prefix of 33 bytes', `610021${'00'.repeat(33)}00`],
  ['bounds that go back', '6105000001000000'],
])('%s is no answer', (_, hex) => {
  const reconciliation = new Reconciliation({
    known: knownEvents(items(100)),
    missing: new EventIds(),
    since: NOW - DAY,
    until: END,
    now: NOW,
    expectedShare: 0,
    samples: [],
    mostBytes: 4096,
    mostMissing: 100,
  });
  reconciliation.next();
  expect(reconciliation.take(Buffer.from(hex, 'hex'))).toBe(false);
});
