import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { KEY, openFileStore } from '../../../test/support/file-store.ts';
import { fcmTarget, registrationAt, tradeKey, webPushTarget } from '../../../test/support/registrations.ts';
import { stateOf } from '../../../test/support/store-states.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import type { PushTarget } from '../../core/registry/push-target.ts';
import { DocumentFile } from './document-file.ts';
import { commitBytes, isUsualLength, longFrameBytes } from './frame-length.ts';
import { encodeRecord } from './record-codec.ts';
import type { StoreRecord } from './store-record.ts';

const NOW = Date.UTC(2026, 0, 1);
const path = (most: number): fc.Arbitrary<string> =>
  fc.nat(most - 24).map((length) => `https://push.example/${'u'.repeat(length)}`);
const keys = { p256dh: 'p'.repeat(87), auth: 'a'.repeat(22) };
/** Any device that can be registered, with a token as long as Google's may become. */
const device: fc.Arbitrary<PushTarget> = fc.oneof(
  fc.integer({ min: 1, max: 1000 }).map((length) => fcmTarget('t'.repeat(length))),
  path(1000).map((endpoint) => ({ type: 'unifiedpush' as const, endpoint })),
  path(1000).map((endpoint) => ({ type: 'unifiedpush' as const, endpoint, keys })),
);
const tradePubkey = tradeKey(1);
/** What a record says of a device. */
const says: fc.Arbitrary<(target: PushTarget) => StoreRecord> = fc.constantFrom(
  (target: PushTarget): StoreRecord => ({
    type: 'registered',
    registration: registrationAt(NOW, { target, tradePubkey, instance: 7, isConversation: true }),
  }),
  (target: PushTarget): StoreRecord => ({
    type: 'registered',
    registration: registrationAt(NOW, { target, tradePubkey }),
  }),
  (target: PushTarget): StoreRecord => ({
    type: 'owed',
    wake: { target, kind: 'silent_wake', keys: [tradePubkey] },
  }),
  (target: PushTarget): StoreRecord => ({ type: 'paid', target }),
);

test('a change of one device is a frame of one length, whatever the device', () => {
  fc.assert(
    fc.property(says, device, (say, target) => {
      const record = encodeRecord(say(target));
      const others = [
        encodeRecord({ type: 'removed', tradePubkey }),
        encodeRecord({ type: 'seen', id: tradePubkey, at: NOW }),
      ];
      for (const records of [[record], [...others, record], others]) expect(commitBytes(records)).toBe(1280);
    }),
  );
});

test('the length of a commit of many changes tells their number and no device', () => {
  const changes = fc.array(fc.tuple(says, device, device), { minLength: 1, maxLength: 53, size: 'max' });
  fc.assert(
    fc.property(changes, (all) => {
      const some = all.map(([say, target]) => encodeRecord(say(target)));
      const others = all.map(([say, , target]) => encodeRecord(say(target)));
      expect(commitBytes(some)).toBe(commitBytes(others));
    }),
  );
});

test('a commit beyond 64 KiB counts with its real length, in steps of 64 KiB', () => {
  const record = encodeRecord({ type: 'paid', target: fcmTarget('t'.repeat(152)) });
  const bytes = (count: number): number => commitBytes(Array.from({ length: count }, () => record));
  expect([bytes(54), bytes(400), bytes(500)]).toEqual([65_536, 65_536, 131_072]);
  expect([longFrameBytes([]), longFrameBytes([record]), bytes(53)].map(isUsualLength)).toEqual([
    true,
    true,
    true,
  ]);
  expect([256, 512, 1024, 1536].map(isUsualLength)).toEqual([false, false, false, false]);
});

test('two files with as many changes of different devices have equal lengths, while they grow and after a rewrite', async () => {
  const lengths: number[][] = [];
  for (const target of [
    (n: number) => fcmTarget(`token-${n}`),
    (n: number) => webPushTarget('x'.repeat(900), n),
  ]) {
    const { store } = await openFileStore(await tempDirectory());
    const { owed, registrations } = store.contents;
    const sizes = [store.size];
    for (let n = 0; n < 5; n++) {
      await registrations.put(registrationAt(NOW, { tradePubkey: tradeKey(n), target: target(n) }));
      sizes.push(store.size);
    }
    owed.owe({ target: target(0), kind: 'silent_wake', keys: [tradeKey(0)] });
    await registrations.remove(tradeKey(1), { signed: false, now: NOW });
    sizes.push(store.size);
    await store.rewrite();
    lengths.push([...sizes, store.size]);
  }
  expect(lengths[0]).toEqual(lengths[1]);
});

test('a file of an earlier version is opened, and the next sweep gives its frames the lengths of this version', async () => {
  const directory = await tempDirectory();
  const file = await DocumentFile.create(join(directory, 'store.json'), KEY);
  const registration = registrationAt(NOW, { target: webPushTarget('x'.repeat(300), 1) });
  await file.write([encodeRecord({ type: 'rewritten' })], 256);
  await file.write([encodeRecord({ type: 'registered', registration })], 512);
  await file[Symbol.asyncDispose]();
  const { store, path: at } = await openFileStore(directory);
  expect(dirname(at)).toBe(directory);
  expect(stateOf(store)).toEqual({ [registration.tradePubkey]: registration });
  await store.contents.registrations.sweep(NOW);
  await store.close();
  const { frames } = JSON.parse(await readFile(at, 'utf8')) as { frames: string[] };
  const contents = frames.map((frame) => Buffer.from(frame, 'base64').length - 34);
  expect(contents).toEqual([65_536, 1280]);
});
