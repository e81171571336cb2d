import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { SharedWake } from '../../core/fleet/wake-share.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { decodeOwed, decodeWake, encodeOwed, encodeWake } from './wake-codec.ts';
import { decodeWindows, encodeWindows } from './window-codec.ts';

const hex = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));
const text = fc.string({ unit: 'grapheme', maxLength: 1200 });
const wakes: fc.Arbitrary<SharedWake> = fc.record({
  device: text,
  group: text,
  keys: fc.array(hex, { maxLength: 300 }) as fc.Arbitrary<TradePubkey[]>,
  kind: fc.constantFrom('silent_wake', 'chat_wake'),
  isVouched: fc.boolean(),
});

test('a wake comes back as it was, with its event', () => {
  fc.assert(
    fc.property(hex, wakes, (event, wake) => {
      expect(decodeWake(encodeWake(event, wake))).toEqual({ event, wake });
      expect(decodeWake(encodeWake(event, { ...wake, group: wake.device }))?.wake.group).toBe(wake.device);
    }),
    { numRuns: 200 },
  );
});

test('bytes that are no wake are not read as one, and nothing is thrown', () => {
  const [wake] = fc.sample(wakes, { numRuns: 1, seed: 7 }) as [SharedWake];
  const whole = encodeWake('ab'.repeat(32), wake);
  for (let length = 0; length < Math.min(whole.length, 400); length++)
    expect(decodeWake(whole.subarray(0, length))).toBeUndefined();
  expect(decodeWake(Buffer.concat([whole, Buffer.alloc(1)]))).toBeUndefined();
  expect(decodeWake(Buffer.from([16]))).toBeUndefined();
  expect(decodeWake(Buffer.concat([Buffer.from([0]), whole.subarray(1)]))).toBeUndefined();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      decodeWake(Buffer.from(bytes));
      decodeOwed(Buffer.from(bytes));
    }),
  );
});

test('an owed wake comes back as it was; anything else does not', () => {
  const keys = ['ab'.repeat(32), 'cd'.repeat(32)] as TradePubkey[];
  const webPush = {
    type: 'unifiedpush',
    endpoint: 'https://push.example',
    keys: { p256dh: 'p', auth: 'a' },
  } as const;
  for (const target of [{ type: 'fcm', token: 'a token' } as const, webPush]) {
    const owed = { target, kind: 'silent_wake', keys } as const;
    expect(decodeOwed(encodeOwed(owed))).toEqual(owed);
  }
  const target = { type: 'fcm', token: 'a token' };
  const newer = [
    { target, kind: 'third_wake', keys },
    { target: { ...target, type: 'third' }, kind: 'silent_wake', keys },
    { target: { type: 'unifiedpush' }, kind: 'silent_wake', keys },
  ].map((wake) => JSON.stringify(wake));
  for (const other of ['', 'null', '[]', '{}', '{"target":{}}', 'x', ...newer])
    expect(decodeOwed(Buffer.from(other))).toBeUndefined();
});

test('windows come back as they were, and unknown ones are left out', () => {
  const windows = [
    { track: 'vouched', phase: 'cooldown', ms: 60_000 },
    { track: 'unvouched', phase: 'window', ms: 0.5 },
    { track: 'chat', phase: 'window', ms: 0 },
    { track: 'chat', phase: 'counted', ms: 3_600_000 },
  ] as const;
  const bytes = encodeWindows(windows);
  expect(decodeWindows(bytes)).toEqual([windows[0], { ...windows[1], ms: 1 }, windows[2], windows[3]]);
  bytes[0] = 9;
  bytes[7] = 9;
  expect(decodeWindows(bytes)).toEqual([windows[2], windows[3]]);
  expect(decodeWindows(encodeWindows([]))).toEqual([]);
});
