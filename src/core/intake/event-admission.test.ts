import { expect, test } from 'vitest';

import { admissionWithOneKey, frameOf, FORGED } from '../../../test/support/admission.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import { HOUR_MS } from '../basics/clock.ts';
import { Recovery } from '../waking/recovery.ts';

test.each(['live', 'stored', 'recovered'] as const)(
  'an event for a registered key is verified and handed on with its origin: %s',
  async (name) => {
    const { admission, event, verified, woken } = await admissionWithOneKey();
    const one = event({ kind: 14 });
    const isRecovered = name === 'recovered';
    const origin = isRecovered ? (expect.any(Recovery) as Recovery) : name;
    if (isRecovered) void admission.beginRecovery().admit(frameOf(one));
    else void admission.admit(frameOf(one), name);
    expect(await woken.atLeast(1)).toMatchObject([{ event: one, origin }]);
    expect(verified).toEqual([one.id]);
  },
);

test('an event for a registered key is claimed once, however many relays deliver it', async () => {
  const { admission, event, telemetry, woken } = await admissionWithOneKey();
  for (const _ of [1, 2, 3]) void admission.admit(frameOf(event()), 'live');
  (await woken.atLeast(1))[0]?.end('sent');
  void admission.admit(frameOf(event()), 'live');
  expect(woken.count).toBe(1);
  expect(telemetry.total('events_claimed')).toBe(1);
  await expect.poll(() => telemetry.total('events_duplicate')).toBe(3);
});

test('an event for a registered key is not verified again once it is known', async () => {
  const { admission, event, seen, verified } = await admissionWithOneKey();
  await seen.reserve(event().id);
  void admission.admit(frameOf(event()), 'live');
  expect(verified).toEqual([]);
});

test('an event for a registered key is taken from a further copy when the first could not be handled', async () => {
  const { admission, event, seen, woken } = await admissionWithOneKey();
  void admission.admit(frameOf(event()), 'live');
  (await woken.atLeast(1))[0]?.end('dropped');
  await expect.poll(() => seen.knows(event().id)).toBe(false);
  void admission.admit(frameOf(event()), 'live');
  expect(await woken.atLeast(2)).toHaveLength(2);
});

test('an event for a registered key stays known when it was handled', async () => {
  const { admission, event, seen, woken } = await admissionWithOneKey();
  void admission.admit(frameOf(event()), 'live');
  (await woken.atLeast(1))[0]?.end('sent');
  await expect.poll(() => seen.reserve(event().id)).toBe('seen');
});

test('an event for strangers costs neither a parse nor a signature', async () => {
  const { admission, event, telemetry, verified } = await admissionWithOneKey();
  let parses = 0;
  const stranger = event({ tags: [['p', tradeKey(2)]] });
  void admission.admit(frameOf(stranger, { parse: () => (parses++, stranger) }), 'live');
  expect({ parses, verified }).toEqual({ parses: 0, verified: [] });
  expect(telemetry.total('events_received', '1059')).toBe(1);
  expect(telemetry.total('events_unmatched')).toBe(1);
});

test('a hostile relay cannot suppress an event by sending a forged copy of it first', async () => {
  const { admission, event, woken } = await admissionWithOneKey();
  void admission.admit(frameOf(event({ sig: FORGED })), 'live');
  void admission.admit(frameOf(event({ created_at: 1 })), 'live');
  void admission.admit(frameOf(event(), { parse: () => undefined }), 'live');
  void admission.admit(
    frameOf(event({ tags: Array.from({ length: 11 }, (_, n) => ['p', tradeKey(n)]) })),
    'live',
  );
  void admission.admit(frameOf(event()), 'live');
  expect(await woken.atLeast(1)).toMatchObject([{ event: event() }]);
});

test('a hostile relay cannot suppress an event by sending it as a stored one first', async () => {
  const { admission, event, seen, telemetry, woken } = await admissionWithOneKey();
  void admission.admit(frameOf(event()), 'stored');
  await expect.poll(() => telemetry.total('events_rejected', 'not_new')).toBe(1);
  expect(seen.knows(event().id)).toBe(false);
  void admission.admit(frameOf(event()), 'live');
  expect(await woken.atLeast(1)).toMatchObject([{ event: event(), origin: 'live' }]);
});

test('a fault of the waker is passed on and does not throw into the relay', async () => {
  const { admission, event, faults, woken } = await admissionWithOneKey();
  void admission.admit(frameOf(event()), 'live');
  (await woken.atLeast(1))[0]?.fail(new Error('x'));
  expect(await faults.atLeast(1)).toMatchObject([new Error('x')]);
});

test('an event for an expired registration wakes no device and claims nothing', async () => {
  const { admission, clock, event, seen, telemetry, woken } = await admissionWithOneKey();
  clock.advance(49 * HOUR_MS);
  void admission.admit(frameOf(event()), 'live');
  await expect.poll(() => telemetry.total('events_rejected', 'not_new')).toBe(1);
  expect([woken.count, seen.knows(event().id)]).toEqual([0, false]);
});
