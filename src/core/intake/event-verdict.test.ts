import { describe, expect, test } from 'vitest';

import { admissionWithOneKey, frameOf, FORGED, UNDECIDED } from '../../../test/support/admission.ts';
import { recoveringAdmission } from '../../../test/support/recovering-admission.ts';
import { tradeKey } from '../../../test/support/registrations.ts';
import type { NostrEvent } from '../nostr/nostr-event.ts';

const INSTANCE = '5'.repeat(64);
const STRANGER = '6'.repeat(64);

describe('the verdict on an event is', () => {
  test('unmatched: it names no registered key', async () => {
    const { admission, event } = await admissionWithOneKey();
    expect(await admission.admit(frameOf(event({ tags: [['p', tradeKey(2)]] })), 'live')).toBe('unmatched');
  });

  test('admitted: it is genuine, and not too old', async () => {
    const { admission, event } = await admissionWithOneKey();
    expect(await admission.admit(frameOf(event()), 'live')).toBe('admitted');
  });

  test('duplicate: its id is reserved or committed', async () => {
    const { admission, event, seen } = await admissionWithOneKey();
    await seen.reserve(event().id);
    const reserved = admission.admit(frameOf(event()), 'live');
    await seen.commit(event().id);
    expect([await reserved, await admission.admit(frameOf(event()), 'live')]).toEqual([
      'duplicate',
      'duplicate',
    ]);
  });

  const eleven = Array.from({ length: 11 }, (_, n) => ['p', tradeKey(n)]);
  test.each<[string, (now: number) => Partial<NostrEvent>]>([
    ['too old', () => ({ created_at: 1 })],
    [
      'expired',
      (now) => ({
        tags: [
          ['p', tradeKey(1)],
          ['expiration', `${now}`],
        ],
      }),
    ],
    ['for more than ten', () => ({ tags: eleven })],
  ])('rejected: it may be genuine, but is %s; the relay is not to blame', async (_, parts) => {
    const { admission, clock, event } = await admissionWithOneKey();
    expect(await admission.admit(frameOf(event(parts(clock.seconds))), 'live')).toBe('rejected');
  });

  test('rejected: the verifier has no answer; the relay is not to blame, and a further copy is looked at again', async () => {
    const { admission, event, telemetry } = await admissionWithOneKey();
    const undecided = frameOf(event({ sig: UNDECIDED }));
    expect(await admission.admit(undecided, 'live')).toBe('rejected');
    expect(telemetry.total('events_rejected', 'undecided')).toBe(1);
    expect(await admission.admit(frameOf(event()), 'live')).toBe('admitted');
  });

  test.each([
    ['its signature is not genuine', { sig: FORGED }, {}],
    ['it does not parse', {}, { parse: () => undefined }],
    ['it is another event than the relay said', {}, { id: 'e'.repeat(64) }],
    ['it is of another kind than the relay said', {}, { kind: 14 }],
  ])('rejected: %s; the relay is not to blame', async (_, parts, claims) => {
    const { admission, event } = await admissionWithOneKey();
    expect(await admission.admit(frameOf(event(parts), claims), 'live')).toBe('rejected');
  });
});

test('a stored gift wrap is rejected as not new, without a parse or a verification', async () => {
  const { admission, event, telemetry, verified } = await admissionWithOneKey();
  let parses = 0;
  const stored = frameOf(event(), { parse: () => (parses++, event()) });
  expect(await admission.admit(stored, 'stored')).toBe('rejected');
  expect({ parses, verified }).toEqual({ parses: 0, verified: [] });
  expect(telemetry.total('events_rejected', 'not_new')).toBe(1);
});

test('a stored gift wrap is verified when it was missed: in a recovery', async () => {
  const { admission, event, verified } = await admissionWithOneKey();
  expect(await admission.beginRecovery().admit(frameOf(event()))).toBe('admitted');
  expect(verified).toHaveLength(1);
});

test('where MOSTRO_PUBKEYS is set a kind 14 by another author is rejected, without a verification', async () => {
  const { admission, event, telemetry, verified } = await admissionWithOneKey([INSTANCE]);
  const other = event({ kind: 14, pubkey: STRANGER });
  expect(await admission.admit(frameOf(other), 'live')).toBe('rejected');
  expect(verified).toEqual([]);
  expect(telemetry.total('events_rejected', 'other_author')).toBe(1);
  expect(telemetry.total('events_verified')).toBe(0);
});

test.each(['live', 'stored'] as const)(
  'where MOSTRO_PUBKEYS is set a kind 14 by an instance is admitted: %s',
  async (origin) => {
    const { admission, event } = await admissionWithOneKey([STRANGER, INSTANCE]);
    expect(await admission.admit(frameOf(event({ kind: 14, pubkey: INSTANCE })), origin)).toBe('admitted');
  },
);

test('where MOSTRO_PUBKEYS is set a kind 14 that only claims to be by an instance is forged', async () => {
  const { admission, event, telemetry } = await admissionWithOneKey([INSTANCE]);
  const claimed = event({ kind: 14, pubkey: INSTANCE, sig: FORGED });
  expect(await admission.admit(frameOf(claimed), 'live')).toBe('rejected');
  expect(telemetry.total('events_rejected', 'forged')).toBe(1);
});

test('where MOSTRO_PUBKEYS is set a gift wrap by anyone is admitted: its author is a key used once', async () => {
  const { admission, event } = await admissionWithOneKey([INSTANCE]);
  expect(await admission.admit(frameOf(event({ pubkey: STRANGER })), 'live')).toBe('admitted');
});

test('an intake has registrations as long as a key is registered', async () => {
  const { admission, registrations } = await recoveringAdmission();
  const before = admission.hasRegistrations();
  for (const n of [1, 2, 3]) await registrations.unregister(tradeKey(n));
  expect([before, admission.hasRegistrations()]).toEqual([true, false]);
});
