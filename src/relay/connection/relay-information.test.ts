import fc from 'fast-check';
import { expect, test } from 'vitest';

import { readRelayLimits } from './relay-information.ts';

const NONE = {};

function limits(limitation: unknown): ReturnType<typeof readRelayLimits> {
  return readRelayLimits(JSON.stringify({ name: 'a relay', limitation }));
}

test('the limits of a relay are read from its information document', () => {
  expect(
    limits({ max_message_length: 131_072, max_subscriptions: 20, max_limit: 500, max_subid_length: 64 }),
  ).toEqual({ maxMessageLength: 131_072, maxSubscriptions: 20, maxLimit: 500, maxSubscriptionId: 64 });
});

test('the limits of a relay are those that it names', () => {
  expect(limits({ max_limit: 500, payment_required: false })).toEqual({ maxLimit: 500 });
});

test.each([
  ['-1', -1],
  ['0', 0],
  ['a fraction', 0.5],
  ['a number as text', '500'],
  ['null', null],
  ['beyond what a number can hold', 1e300],
  ['a list', [500]],
  ['an object', { max_limit: 500 }],
  ['true', true],
])('the limits of a relay are not what is no limit: %s; the others hold', (_, wrong) => {
  expect(limits({ max_limit: wrong, max_subscriptions: 20, max_subid_length: wrong })).toEqual({
    maxSubscriptions: 20,
  });
});

test('the limits of a relay may be as large as a number can be without an error', () => {
  const max_limit = Number.MAX_SAFE_INTEGER;
  expect(limits({ max_limit })).toEqual({ maxLimit: max_limit });
});

test.each([undefined, null, 7, 'none', [], [{ max_limit: 500 }]])(
  'the limits of a relay are none where they are %j',
  (nothing) => {
    expect(limits(nothing)).toEqual(NONE);
  },
);

test.each([
  '',
  'null',
  '7',
  '[]',
  '"limitation"',
  '<html>',
  '{"limitation":{"max_limit":500}',
  '{"__proto__":{"limitation":{"max_limit":500}}}',
  '['.repeat(30_000),
  `{"limitation":${'{"limitation":'.repeat(5000)}1${'}'.repeat(5001)}`,
])('the limits of a relay are none in what is no such document', (text) => {
  expect(readRelayLimits(text)).toEqual(NONE);
});

test('the limits of a relay are never anything but positive whole numbers, and no document makes reading them throw', () => {
  const names = fc.constantFrom('max_limit', 'max_subid_length', 'max_message_length', 'max_subscriptions');
  const limitation = fc.oneof(
    fc.dictionary(names, fc.oneof(fc.jsonValue(), fc.integer(), fc.double())),
    fc.jsonValue(),
  );
  fc.assert(
    fc.property(limitation, (value) => {
      for (const limit of Object.values(limits(value))) {
        if (limit === undefined) continue;
        expect(Number.isSafeInteger(limit) && limit > 0).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});
