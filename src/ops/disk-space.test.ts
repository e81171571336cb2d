import { join } from 'node:path';

import { expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { DiskSpace } from './disk-space.ts';

test('the room on the disk is known after a look', async () => {
  const disk = new DiskSpace(await tempDirectory());
  expect([disk.freeBytes, disk.isFull]).toEqual([undefined, false]);
  await disk.look();
  expect(disk.freeBytes).toBeGreaterThan(0);
  expect(disk.isFull).toBe(false);
});

test('a disk with less room than is asked for is full', async () => {
  const disk = new DiskSpace(await tempDirectory(), { leastBytes: Number.MAX_VALUE });
  await disk.look();
  expect(disk.isFull).toBe(true);
});

test('of a directory that is not there nothing is said', async () => {
  const disk = new DiskSpace(join(await tempDirectory(), 'missing'), { leastBytes: Number.MAX_VALUE });
  await disk.look();
  expect([disk.freeBytes, disk.isFull]).toEqual([undefined, false]);
});
