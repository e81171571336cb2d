import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { failingDisk } from '../../../test/support/failing-disk.ts';
import { openFileStore, type OpenedStore } from '../../../test/support/file-store.ts';
import {
  fcmTarget,
  LIFETIME,
  registrationAt,
  tradeKey,
  unifiedPushTarget,
} from '../../../test/support/registrations.ts';
import { stateAfter, stateOf } from '../../../test/support/store-states.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { HOUR_MS, MINUTE_MS } from '../../core/basics/clock.ts';
import { StoreUnavailable } from '../../core/registry/registration-store.ts';
import { PATIENCE_MS } from '../../../stand-ins/patience.ts';

const UNSIGNED = { signed: false, now: 0 };
const NOW = Date.UTC(2026, 0, 1);
const nth = (n: number, token = `phone-${n}`) =>
  registrationAt(NOW + n, { tradePubkey: tradeKey(n), target: fcmTarget(token) });

async function withTwo(): Promise<OpenedStore> {
  const opened = await openFileStore(await tempDirectory());
  for (const n of [1, 2]) await opened.store.contents.registrations.put(nth(n));
  return opened;
}

async function untilOpen({ store }: OpenedStore): Promise<void> {
  await vi.waitFor(() => expect(store.isOpen).toBe(true), { timeout: PATIENCE_MS, interval: 20 });
}

describe('a store whose disk refuses writes', () => {
  test.each([
    ['a new registration', ({ registrations }) => registrations.put(nth(3))],
    ['another device for a key', ({ registrations }) => registrations.put(nth(1, 'new-phone'))],
    ['the end of a registration', ({ registrations }) => registrations.remove(tradeKey(1), UNSIGNED)],
  ] satisfies [string, (contents: OpenedStore['store']['contents']) => Promise<unknown>][])(
    'refuses %s and changes nothing, whether the refusal is new or known',
    async (_, change) => {
      const opened = await withTwo();
      const { store, telemetry } = opened;
      const before = stateOf(store);
      const disk = await failingDisk();
      disk.fail('ENOSPC');
      for (let n = 0; n < 2; n++) {
        await expect(change(store.contents)).rejects.toThrow(StoreUnavailable);
        expect(stateOf(store)).toEqual(before);
        expect(store.isOpen).toBe(false);
      }
      expect(telemetry.logged('store.refusing')).toEqual([{ reason: 'ENOSPC' }]);
      disk.heal();
      await untilOpen(opened);
      expect(telemetry.logged('store.recovered')).toHaveLength(1);
      await change(store.contents);
      await store.close();
      expect(await stateAfter(await readFile(opened.path))).toEqual(stateOf(store));
    },
  );

  test.each([
    ['ENOSPC', 'write'],
    ['EIO', 'datasync'],
  ] as const)(
    'keeps changes that no caller waits for until the disk works again (%s of a %s)',
    async (code, what) => {
      const opened = await withTwo();
      const { contents } = opened.store;
      const disk = await failingDisk();
      disk.fail(code, what);
      await expect(contents.registrations.put(nth(3))).rejects.toThrow(StoreUnavailable);
      await contents.registrations.renew(tradeKey(1), fcmTarget('phone-1'), LIFETIME, NOW + HOUR_MS);
      await contents.registrations.evict(fcmTarget('phone-2'));
      await contents.seen.commit('ab'.repeat(32));
      contents.owed.owe({ target: fcmTarget('phone-1'), kind: 'silent_wake', keys: [tradeKey(1)] });
      disk.heal();
      await untilOpen(opened);
      await opened.store.close();
      const again = await openFileStore(dirname(opened.path));
      expect(stateOf(again.store)).toEqual({
        [tradeKey(1)]: { ...nth(1), woken: true, expiresAt: NOW + HOUR_MS + LIFETIME.ttlMs },
      });
      expect(again.store.contents.seen.knows('ab'.repeat(32))).toBe(true);
      expect([...again.store.contents.owed.all()]).toHaveLength(1);
    },
  );

  test('undoes all of several changes of one key', async () => {
    const { store } = await withTwo();
    const { registrations } = store.contents;
    const before = stateOf(store);
    const disk = await failingDisk();
    disk.fail('ENOSPC');
    const changes = [
      registrations.put(nth(1, 'second')),
      registrations.remove(tradeKey(1), UNSIGNED),
      registrations.put(nth(1, 'third')),
      registrations.put(nth(4)),
    ];
    expect((await Promise.allSettled(changes)).map(({ status }) => status)).toEqual(
      changes.map(() => 'rejected'),
    );
    expect(stateOf(store)).toEqual(before);
  });

  test('restores the registration that a refused one displaced', async () => {
    const { store } = await openFileStore(await tempDirectory(), { capacity: 2 });
    const { registrations } = store.contents;
    for (const n of [1, 2]) await registrations.put(nth(n));
    const disk = await failingDisk();
    disk.fail('ENOSPC');
    const late = { ...nth(3), registeredAt: NOW + 11 * MINUTE_MS };
    await expect(registrations.put(late)).rejects.toThrow(StoreUnavailable);
    expect(stateOf(store)).toEqual({ [tradeKey(1)]: nth(1), [tradeKey(2)]: nth(2) });
    expect(registrations.counts().total).toBe(2);
  });

  test('restores a displaced registration that the disk does not keep, too', async () => {
    const { store } = await openFileStore(await tempDirectory(), { keeps: 'endpoints', capacity: 2 });
    const { registrations } = store.contents;
    for (const n of [1, 2]) await registrations.put(nth(n));
    const disk = await failingDisk();
    disk.fail('ENOSPC');
    const late = { registeredAt: NOW + 11 * MINUTE_MS, target: unifiedPushTarget('phone') };
    for (const n of [1, 3])
      await expect(registrations.put({ ...nth(n), ...late })).rejects.toThrow(StoreUnavailable);
    for (const n of [1, 2]) expect(await registrations.find(tradeKey(n))).toEqual(nth(n));
    expect(registrations.counts().total).toBe(2);
  });

  test('answers look-ups with the former registration until a change is durable', async () => {
    const { store } = await withTwo();
    const { registrations } = store.contents;
    const changes = [registrations.put(nth(1, 'new-phone')), registrations.remove(tradeKey(2), UNSIGNED)];
    expect(await registrations.find(tradeKey(1))).toEqual(nth(1));
    expect(await registrations.find(tradeKey(2))).toEqual(nth(2));
    expect(registrations.mayContain(tradeKey(2))).toBe(true);
    await Promise.all(changes);
    expect(await registrations.find(tradeKey(1))).toEqual(nth(1, 'new-phone'));
    expect(registrations.mayContain(tradeKey(2))).toBe(false);
  });
});

describe('a store file', () => {
  test.each([
    ['deleted', (path: string) => rm(path)],
    ['moved away', (path: string) => rename(path, `${path}.away`)],
    ['replaced', (path: string) => rm(path).then(() => writeFile(path, 'something else'))],
  ])('that is %s while the server runs is created again with all its contents', async (_, away) => {
    const { path, store, telemetry } = await withTwo();
    await away(path);
    await store.contents.registrations.put(nth(3));
    expect(Object.keys(await stateAfter(await readFile(path)))).toHaveLength(3);
    expect(telemetry.logged('store.file_missing')).toHaveLength(1);
  });

  test('on a read-only disk is read, and wakes go on', async () => {
    const { path, store } = await withTwo();
    await store.close();
    const disk = await failingDisk();
    const opened = await openFileStore(dirname(path), { path: join(dirname(path), 'store.json') });
    disk.fail('EROFS');
    expect(stateOf(opened.store)).toEqual(stateOf(store));
    await expect(opened.store.contents.registrations.put(nth(3))).rejects.toThrow(StoreUnavailable);
  });

  test('with more registrations than MAX_REGISTRATIONS stops the start, which says so', async () => {
    const { path, store } = await withTwo();
    await store.close();
    await expect(stateAfter(await readFile(path), { capacity: 1 })).rejects.toThrow(/MAX_REGISTRATIONS is 1/);
  });
});
