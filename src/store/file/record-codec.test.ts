import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hex } from '../../../test/support/registrations.ts';
import type { CohortChange } from '../../core/cohorts/cohort-change.ts';
import type { Platform, PushTarget } from '../../core/registry/push-target.ts';
import { WAKE_POLICIES } from '../../core/registry/registration.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { decodeRecords, encodeRecord } from './record-codec.ts';
import { UnreadableRecord } from './unreadable-record.ts';
import type { StoreRecord } from './store-record.ts';

const tradePubkey = hex(64) as fc.Arbitrary<TradePubkey>;
const time = fc.nat(2 ** 45);
const text = (maxLength: number): fc.Arbitrary<string> => fc.string({ minLength: 1, maxLength, size: 'max' });
const target: fc.Arbitrary<PushTarget> = fc.oneof(
  fc.record({ type: fc.constant('fcm' as const), token: text(4096) }),
  fc.record({ type: fc.constant('fcm' as const), token: text(22).map((id) => `fid:${id}`) }),
  fc.record({ type: fc.constant('unifiedpush' as const), endpoint: text(1000) }),
  fc.record({
    type: fc.constant('unifiedpush' as const),
    endpoint: text(1000),
    keys: fc.record({ p256dh: text(87), auth: text(22) }),
  }),
);
const usual = {
  tradePubkey,
  target,
  platform: fc.constantFrom<Platform[]>('android', 'ios', 'web', 'webpush'),
  registeredAt: time,
  expiresAt: time,
  woken: fc.boolean(),
  signed: fc.boolean(),
};
const registration = fc.record(usual);
const described = fc.record(
  {
    ...usual,
    instance: fc.integer({ min: 1, max: 32_767 }),
    isConversation: fc.constant(true),
    wakePolicy: fc.constantFrom(...WAKE_POLICIES),
  },
  { requiredKeys: ['tradePubkey', 'target', 'platform', 'registeredAt', 'expiresAt', 'woken', 'signed'] },
);
const wake = fc.record({
  target,
  kind: fc.constantFrom('silent_wake' as const, 'chat_wake' as const),
  keys: fc.array(tradePubkey, { maxLength: 20, size: 'max' }),
});
const cohort = fc.nat(2 ** 32 - 1);
const change: fc.Arbitrary<CohortChange> = fc.oneof(
  fc.record({ type: fc.constant('formed' as const), cohort, view: text(300) }),
  fc.record({ type: fc.constant('closed' as const), cohort, size: fc.integer({ min: 2, max: 64 }) }),
  fc.record(
    {
      type: fc.constant('joined' as const),
      cohort,
      place: cohort,
      target,
      until: fc.integer({ min: 1, max: 2 ** 45 }),
    },
    { requiredKeys: ['type', 'cohort', 'place', 'target'] },
  ),
  fc.record({ type: fc.constant('left' as const), target }),
  fc.record({ type: fc.constantFrom('ended' as const, 'due' as const, 'woken' as const), cohort }),
);
const record: fc.Arbitrary<StoreRecord> = fc.oneof(
  fc.record({ type: fc.constant('registered' as const), registration: described }),
  fc.record({ type: fc.constant('removed' as const), tradePubkey }),
  fc.record({ type: fc.constant('seen' as const), id: hex(32), at: time }),
  fc.record({ type: fc.constant('owed' as const), wake }),
  fc.record({ type: fc.constant('paid' as const), target }),
  fc.record({ type: fc.constant('alive' as const), relay: text(500), kind: fc.nat(65_535), at: time }),
  fc.record({ type: fc.constant('cohort' as const), change }),
  fc.record({ type: fc.constant('rewritten' as const) }),
);

function read(bytes: Uint8Array): StoreRecord[] {
  return [...decodeRecords(Buffer.from(bytes))];
}

describe('records', () => {
  test('of every type and length are read as they were written, with or without filling behind them', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 8 }), fc.nat(300), (records, filling) => {
        expect(read(Buffer.concat([...records.map(encodeRecord), Buffer.alloc(filling)]))).toEqual(records);
      }),
    );
  });

  test('of a registration without instance, conversation or wake policy keep type 1, so that older versions can read them', () => {
    fc.assert(
      fc.property(registration, (plain) => {
        expect(encodeRecord({ type: 'registered', registration: plain })[0]).toBe(1);
        const named = { ...plain, instance: 7 };
        expect(encodeRecord({ type: 'registered', registration: named })[0]).toBe(8);
        const asking = { ...named, wakePolicy: 'slots' } as const;
        expect(encodeRecord({ type: 'registered', registration: asking })[0]).toBe(9);
      }),
    );
  });

  test('of an event keep the first half of its id', () => {
    const id = 'ab'.repeat(16) + 'cd'.repeat(16);
    expect(read(encodeRecord({ type: 'seen', id, at: 5 }))).toEqual([
      { type: 'seen', id: 'ab'.repeat(16), at: 5 },
    ]);
  });

  test('that end too early, or have an unknown type, are unreadable', () => {
    fc.assert(
      fc.property(record, fc.double({ min: 0, max: 1, noNaN: true }), (one, share) => {
        const bytes = encodeRecord(one);
        const cut = 1 + Math.floor(share * (bytes.length - 1));
        if (cut < bytes.length) expect(() => read(bytes.subarray(0, cut))).toThrow(UnreadableRecord);
      }),
    );
    expect(() => read(Buffer.of(8))).toThrow(UnreadableRecord);
    expect(() => read(Buffer.of(255, 0, 0))).toThrow(UnreadableRecord);
    const ofNewerService = [...encodeRecord({ type: 'paid', target: { type: 'fcm', token: 'a' } })];
    expect(() => read(Buffer.from(ofNewerService.with(1, 6)))).toThrow(UnreadableRecord);
  });
});
