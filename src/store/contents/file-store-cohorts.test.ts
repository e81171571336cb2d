import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { describe, expect, test } from 'vitest';

import { CohortBench, NOW, phones } from '../../../test/support/cohorts.ts';
import { KEY, OTHER_KEY, openFileStore, type OpenedStore } from '../../../test/support/file-store.ts';
import { fcmTarget, webPushTarget } from '../../../test/support/registrations.ts';
import { tempDirectory } from '../../../test/support/temp-directory.ts';
import { encodeRecord } from '../file/record-codec.ts';
import { surveyStore } from '../file/survey-store.ts';

/** The cohorts in the bytes of the store's records. */
function bytesOf({ store }: OpenedStore): string[] {
  return [...store.contents.cohorts.table.changes()].map((change) =>
    Buffer.from(encodeRecord({ type: 'cohort', change })).toString('hex'),
  );
}

/** A store with a closed cohort, of which one member lingers and one has a new token; and with a cohort that forms, and is due. */
async function storeWithCohorts(): Promise<OpenedStore> {
  const opened = await openFileStore(await tempDirectory());
  const { cohorts } = opened.store.contents;
  const bench = new CohortBench({ record: cohorts });
  bench.register(...phones('a', 'b', 'c', 'd', 'e'), webPushTarget('w', 1));
  await bench.expire(fcmTarget('b'));
  bench.move(fcmTarget('c'), fcmTarget('x'));
  cohorts.note({ type: 'due', cohort: cohorts.table.member('fcm e')?.cohort.id ?? 0 });
  return opened;
}

async function reopened({ path, store }: OpenedStore): Promise<OpenedStore> {
  await store.close();
  return openFileStore(dirname(path));
}

describe('the cohorts in a store', () => {
  test('have the same bytes after a restart, and after a rewrite', async () => {
    const first = await storeWithCohorts();
    const bytes = bytesOf(first);
    const second = await reopened(first);
    expect(bytesOf(second)).toEqual(bytes);
    expect(second.store.contents.cohorts.table.counts).toMatchObject({
      cohorts: 2,
      members: 6,
      lingering: 1,
    });
    await second.store.rewrite();
    expect(bytesOf(second)).toEqual(bytes);
    const third = await reopened(second);
    expect(bytesOf(third)).toEqual(bytes);
    expect([...third.store.contents.cohorts.table.due()]).toHaveLength(1);
  });

  test('keep the address of a member whose keys have all expired, and the time until which it stays', async () => {
    const { store } = await reopened(await storeWithCohorts());
    const member = store.contents.cohorts.table.member('fcm b');
    expect(member?.target).toEqual({ type: 'fcm', token: 'b' });
    expect(member?.until).toBeGreaterThan(NOW);
  });

  test('are on the disk when a caller is told so, and a disk that refuses keeps no caller waiting', async () => {
    const opened = await storeWithCohorts();
    await opened.store.contents.cohorts.written();
    const { cohorts } = await surveyStore(opened.path, [KEY]);
    expect(cohorts).toEqual(opened.store.contents.cohorts.table.counts);
    await opened.store.close();
    await expect(opened.store.contents.cohorts.written()).resolves.toBeUndefined();
  });

  test('keep an owed cover wake over a sweep, until the device is a member no more', async () => {
    const { store } = await storeWithCohorts();
    const { cohorts, owed, registrations } = store.contents;
    const target = fcmTarget('b');
    owed.owe({ target, kind: 'silent_wake', keys: [] });
    await registrations.sweep(NOW);
    expect(owed.find(target)).toBeDefined();
    cohorts.note({ type: 'left', target });
    await registrations.sweep(NOW);
    expect(owed.find(target)).toBeUndefined();
  });

  test('are sealed: another key opens none, and no member is readable', async () => {
    const { path, store } = await storeWithCohorts();
    await store.close();
    await expect(surveyStore(path, [OTHER_KEY])).rejects.toThrow('sealed-otherwise');
    const text = await readFile(path, 'utf8');
    for (const secret of [
      'push.example',
      'p256dh-1',
      Buffer.from('push.example').toString('base64').slice(0, 12),
    ])
      expect(text).not.toContain(secret);
  });
});
