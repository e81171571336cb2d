import { expect, test } from 'vitest';

import { tradeKey } from '../../../test/support/registrations.ts';
import { isByOther, isVouchedFor } from './vouching.ts';

const [OURS, NAMED, STRANGER] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [string, string, string];
const INSTANCE = 7;
const instances = {
  authors: new Set([OURS]),
  isInstance: (instance: number, tradePubkey: string, pubkey: string) =>
    instance === INSTANCE && tradePubkey === tradeKey(1) && pubkey === NAMED,
};

test.each([
  ['a kind 14 by one of MOSTRO_PUBKEYS', 14, OURS, {}, true],
  ['a kind 14 by the instance that the registration named', 14, NAMED, { instance: INSTANCE }, true],
  ['a kind 14 by an instance that it did not name', 14, NAMED, {}, false],
  ['a kind 14 by any other author', 14, STRANGER, { instance: INSTANCE }, false],
  ['a gift wrap of any author', 1059, OURS, { instance: INSTANCE }, false],
  ['a kind 14 for a conversation, by one of MOSTRO_PUBKEYS', 14, OURS, { isConversation: true }, false],
  [
    'a kind 14 for a conversation, by its instance',
    14,
    NAMED,
    { isConversation: true, instance: INSTANCE },
    false,
  ],
])('an event is vouched or not: %s', (_, kind, pubkey, registration, isVouched) => {
  expect(isVouchedFor({ tradePubkey: tradeKey(1), ...registration }, { kind, pubkey }, instances)).toBe(
    isVouched,
  );
});

test.each([
  [14, STRANGER, [OURS], true],
  [14, OURS, [OURS], false],
  [14, STRANGER, [], false],
  [1059, STRANGER, [OURS], false],
])('an event is by an author outside MOSTRO_PUBKEYS: kind %i', (kind, pubkey, authors, isByAnother) => {
  expect(isByOther({ kind, pubkey }, new Set(authors))).toBe(isByAnother);
});
