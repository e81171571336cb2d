import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { NegentropyServer } from '../../../stand-ins/relay-negentropy.ts';
import { ID_WORDS, readEventId } from '../wire/event-id.ts';
import { EventIds } from './event-ids.ts';
import { KnownEvents } from './known-events.ts';
import { MemoryShare } from './memory-share.ts';
import { Reconciliation } from './reconciliation.ts';

interface Vectors {
  readonly now: number;
  /** The time and the id of each event that the relay had. */
  readonly items: readonly (readonly [number, string])[];
  readonly cases: readonly {
    readonly expectedShare: number;
    /** Which of the items the server knew. */
    readonly known: readonly number[];
    /** Each message and its answer. */
    readonly exchanged: readonly (readonly [string, string])[];
  }[];
}

const { cases, items, now } = JSON.parse(
  readFileSync(new URL('../../../test/vectors/negentropy.json', import.meta.url), 'utf8'),
) as Vectors;

const server = new NegentropyServer(items.map(([second, id]) => ({ second, id })));

test('the stand-in answers as rust-nostr did, which found the same fingerprints where both sides have the same events', () => {
  for (const { exchanged } of cases)
    for (const [message, answer] of exchanged) expect(server.answer(message)).toBe(answer);
});

test.each(cases)(
  'a negotiation finds what a relay has and the server does not know (an expected share of $expectedShare)',
  ({ expectedShare, known }) => {
    const words = new Uint32Array(ID_WORDS);
    const events = new KnownEvents(new MemoryShare(Infinity), () => now * 1000);
    for (const n of known) {
      const [second, id] = items[n] ?? [0, ''];
      readEventId(Buffer.from(id), 0, id.length, words);
      events.add(second, words);
    }
    const missing = new EventIds();
    const reconciliation = new Reconciliation({
      known: events,
      missing,
      since: now - 172_800,
      until: 253_402_300_800,
      now,
      expectedShare,
      samples: [],
      mostBytes: 32_768,
      mostMissing: 1000,
    });
    for (let message = reconciliation.next(); message !== undefined; message = reconciliation.next())
      expect(reconciliation.take(Buffer.from(server.answer(message.toString('hex')), 'hex'))).toBe(true);
    const unknown = items.filter((_, n) => !known.includes(n)).map(([, id]) => id);
    const found = Array.from({ length: missing.count }, (_, n) => missing.text(n));
    expect(found.toSorted()).toEqual(unknown.toSorted());
  },
);
