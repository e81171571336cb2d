import { expect, test } from 'vitest';

import { FakeClock } from '../../../test/support/fake-clock.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { MINUTE_MS } from '../basics/clock.ts';
import { Forgeries } from './forgeries.ts';
import { recipientsOf } from '../nostr/recipients.ts';

const [A, B] = [tradeKey(1), tradeKey(2)];

/** An event for A with these bytes. */
const event = (bytes: string): Parameters<Forgeries['judge']>[0] => ({
  fingerprint: () => bytes,
  recipients: recipientsOf([['p', A]]),
});

function setUp(charges = 0): { forgeries: Forgeries; clock: FakeClock } {
  const clock = new FakeClock();
  const forgeries = new Forgeries(clock.read);
  for (let n = 0; n < charges; n++) forgeries.charge([A]);
  return { forgeries, clock };
}

test('a forgery is known by its bytes, and only by these', () => {
  const { forgeries } = setUp();
  const before = forgeries.judge(event('a'));
  forgeries.charge([A], event('a'));
  expect([before, forgeries.judge(event('a')), forgeries.judge(event('b'))]).toEqual([
    undefined,
    'forged',
    undefined,
  ]);
});

test('a forgery is known no longer when 8192 others have been charged since', () => {
  const { forgeries } = setUp();
  for (let n = 0; n <= 8192; n++) forgeries.charge([B], event(`${n}`));
  const judgements = [0, 1, 8192].map((n) => forgeries.judge(event(`${n}`)));
  expect(judgements).toEqual([undefined, 'forged', 'forged']);
});

test('the bytes of an event are not read while no key is charged', () => {
  const untouched = new Proxy({} as Parameters<Forgeries['judge']>[0], {
    get: (_, name) => expect.unreachable(String(name)),
  });
  expect(setUp().forgeries.judge(untouched)).toBeUndefined();
});

test('a key has used up its minute with 20 forgeries, and not before', () => {
  expect([setUp(19).forgeries.areSpent([A]), setUp(20).forgeries.areSpent([A])]).toEqual([false, true]);
});

test('a key has a new minute 60 seconds after the first forgery of the last one', () => {
  const { clock, forgeries } = setUp(1);
  clock.advance(MINUTE_MS - 1);
  for (let n = 0; n < 19; n++) forgeries.charge([A]);
  const before = forgeries.areSpent([A]);
  clock.advance(1);
  const after = forgeries.areSpent([A]);
  for (let n = 0; n < 20; n++) forgeries.charge([A]);
  expect([before, after, forgeries.areSpent([A])]).toEqual([true, false, true]);
});

test('a key does not pay for forgeries of another key', () => {
  const { forgeries } = setUp(1000);
  expect([forgeries.areSpent([B]), forgeries.areSpent([])]).toEqual([false, false]);
});

test('a key is still heard in an event that names a flooded key too', () => {
  const { forgeries } = setUp(20);
  const before = forgeries.areSpent([A, B]);
  for (let n = 0; n < 20; n++) forgeries.charge([A, B]);
  expect([before, forgeries.areSpent([A, B])]).toEqual([false, true]);
});

test('a hundred thousand keys are not all accounted for: the memory of the first ones is given up', () => {
  const { forgeries } = setUp(20);
  for (let n = 2; n < 100_000; n++) forgeries.charge([tradeKey(n)]);
  const first = forgeries.areSpent([A]);
  for (let n = 0; n < 19; n++) forgeries.charge([tradeKey(99_999)]);
  expect([first, forgeries.areSpent([tradeKey(99_999)])]).toEqual([false, true]);
});
