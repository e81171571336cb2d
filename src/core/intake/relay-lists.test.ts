import { describe, expect, test } from 'vitest';

import { tradeKey } from '../../../test/support/registrations.ts';
import { BOB, FORGED, UNDECIDED, relayListScene, relays } from '../../../test/support/relay-lists.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';

const QUARTER_HOUR = 15 * 60;

describe('a list', () => {
  test('of a configured instance is adopted, and its relays count', () => {
    const { lists, list } = relayListScene();
    expect(lists.urls()).toEqual([]);
    expect(lists.adopt(list(relays('one', 'two')))).toBe('adopted');
    expect(lists.urls()).toEqual(['wss://one.example', 'wss://two.example']);
  });

  test.each<[string, Partial<NostrEvent>]>([
    ['of another kind', { kind: 10_050 }],
    ['of a stranger', { pubkey: tradeKey(4) }],
  ])('%s is ignored unverified', (_, parts) => {
    const { lists, list, verified } = relayListScene();
    expect(lists.adopt(list(relays('one'), parts))).toBe('ignored');
    expect([lists.urls(), verified()]).toEqual([[], 0]);
  });

  test('from more than a quarter of an hour ahead is ignored unverified, one from just that is not', () => {
    const { clock, lists, list, verified } = relayListScene();
    const ahead = (seconds: number): NostrEvent =>
      list(relays('one'), { created_at: clock.seconds + seconds });
    expect(lists.adopt(ahead(QUARTER_HOUR + 1))).toBe('ignored');
    expect(verified()).toBe(0);
    expect(lists.adopt(ahead(QUARTER_HOUR))).toBe('adopted');
  });

  test('of any age is adopted, because an instance that changes no relay publishes no new list', () => {
    const { lists, list } = relayListScene();
    expect(lists.adopt(list(relays('one'), { created_at: 0 }))).toBe('adopted');
  });

  test('that has expired is ignored unverified', () => {
    const { clock, lists, list, verified } = relayListScene();
    expect(lists.adopt(list([...relays('one'), ['expiration', String(clock.seconds)]]))).toBe('ignored');
    expect(verified()).toBe(0);
  });

  test('that expires after it was adopted gives no relays from then on', () => {
    const { clock, lists, list } = relayListScene();
    lists.adopt(list([...relays('one'), ['expiration', String(clock.seconds + 1)]]));
    lists.adopt(list(relays('two'), { pubkey: BOB }));
    expect(lists.urls()).toEqual(['wss://one.example', 'wss://two.example']);
    clock.advance(1000);
    expect(lists.urls()).toEqual(['wss://two.example']);
  });

  test('that is forged changes nothing, however new it is, and does not keep out the genuine one', () => {
    const { clock, lists, list } = relayListScene();
    lists.adopt(list(relays('old')));
    const newer = list(relays('new'), { created_at: clock.seconds + 2 });
    expect(lists.adopt({ ...newer, sig: FORGED })).toBe('forged');
    expect(lists.urls()).toEqual(['wss://old.example']);
    expect(lists.adopt({ ...newer, created_at: clock.seconds + 1 })).toBe('adopted');
    expect(lists.urls()).toEqual(['wss://new.example']);
  });
});

test('a list on which the verifier has no answer changes nothing, and is neither a forgery nor lost: the next copy counts', () => {
  const { lists, list } = relayListScene();
  const first = list(relays('one'));
  expect(lists.adopt({ ...first, sig: UNDECIDED })).toBe('ignored');
  expect(lists.urls()).toEqual([]);
  expect(lists.adopt(first)).toBe('adopted');
});

describe('of two lists of one author', () => {
  test.each<[string, Partial<NostrEvent>, Partial<NostrEvent>]>([
    ['the later one', { created_at: 2, id: 'f'.repeat(64) }, { created_at: 1, id: '0'.repeat(64) }],
    [
      'at one time the one with the lower id',
      { created_at: 1, id: 'a'.repeat(64) },
      { created_at: 1, id: 'b'.repeat(64) },
    ],
  ])('%s counts, whichever comes first', (_, winner, loser) => {
    for (const order of ['winner first', 'loser first']) {
      const { lists, list, verified } = relayListScene();
      const [won, lost] = [list(relays('won'), winner), list(relays('lost'), loser)];
      const answers = (order === 'winner first' ? [won, lost] : [lost, won]).map((one) => lists.adopt(one));
      expect(answers).toEqual(order === 'winner first' ? ['adopted', 'ignored'] : ['adopted', 'adopted']);
      expect(verified()).toBe(order === 'winner first' ? 1 : 2);
      expect(lists.urls()).toEqual(['wss://won.example']);
    }
  });

  test('the current one is not verified again', () => {
    const { lists, list, verified } = relayListScene();
    expect([1, 2, 3].map(() => lists.adopt(list(relays('one'))))).toEqual(['adopted', 'ignored', 'ignored']);
    expect(verified()).toBe(1);
  });

  test('the newer takes the relays away that are no longer in it, all of them if it has none', () => {
    const { clock, lists, list } = relayListScene();
    lists.adopt(list(relays('one', 'two')));
    lists.adopt(list(relays('two', 'three'), { created_at: clock.seconds + 1 }));
    expect(lists.urls()).toEqual(['wss://two.example', 'wss://three.example']);
    expect(lists.adopt(list([], { created_at: clock.seconds + 2 }))).toBe('adopted');
    expect(lists.urls()).toEqual([]);
  });

  test('neither touches the list of another author', () => {
    const { clock, lists, list } = relayListScene();
    lists.adopt(list(relays('bob'), { pubkey: BOB, created_at: 1 }));
    lists.adopt(list(relays('alice'), { created_at: clock.seconds }));
    expect(lists.urls()).toEqual(['wss://alice.example', 'wss://bob.example']);
  });
});
