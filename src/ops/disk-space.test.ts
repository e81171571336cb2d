import { join } from 'node:path';

import { expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { DiskSpace } from './disk-space.ts';

test('the free space of a disk is known after a look', async () => {
  const disk = new DiskSpace(await tempDirectory());
  expect([disk.freeBytes, disk.isFull]).toEqual([undefined, false]);
  await disk.look();
  expect(disk.freeBytes).toBeGreaterThan(0);
  expect(disk.isFull).toBe(false);
});

test('a disk with less free space than the minimum is full', async () => {
  const disk = new DiskSpace(await tempDirectory(), { leastBytes: Number.MAX_VALUE });
  await disk.look();
  expect(disk.isFull).toBe(true);
});

test('a directory that does not exist has no free space and is not full', async () => {
  const disk = new DiskSpace(join(await tempDirectory(), 'missing'), { leastBytes: Number.MAX_VALUE });
  await disk.look();
  expect([disk.freeBytes, disk.isFull]).toEqual([undefined, false]);
});
