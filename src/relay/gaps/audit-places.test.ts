import { expect, onTestFinished, test, vi } from 'vitest';

import { deferred } from '../../../test/support/deferred.ts';
import { settled } from '../../../test/support/settled.ts';
import { AuditPlaces } from './audit-places.ts';

test('two pages of audits run at the same time, the others in the order in which they came, also after one that failed', async () => {
  const places = new AuditPlaces();
  const begun: number[] = [];
  const ends = [0, 1, 2, 3].map(() => deferred());
  const pages = ends.map(({ promise }, n) =>
    places.take(async () => {
      begun.push(n);
      await promise;
      if (n === 1) throw new Error('the page failed');
    }),
  );
  const failed = pages[1]?.catch((error: unknown) => String(error));
  await settled();
  const first = [...begun];
  ends[1]?.resolve();
  expect(await failed).toBe('Error: the page failed');
  await settled();
  const second = [...begun];
  for (const { resolve } of ends) resolve();
  await Promise.all([pages[0], pages[2], pages[3]]);
  expect([first, second, begun]).toEqual([
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 3],
  ]);
});

test('a page of an audit that takes over a second gives its place to the next one, once', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const places = new AuditPlaces();
  const begun: number[] = [];
  const ends = [0, 1, 2, 3, 4].map(() => deferred());
  const pages = ends.map(({ promise }, n) =>
    places.take(async () => {
      begun.push(n);
      await promise;
    }),
  );
  await vi.advanceTimersByTimeAsync(999);
  const before = begun.length;
  await vi.advanceTimersByTimeAsync(1);
  const after = begun.length;
  // The slow pages end, and two others have their places.
  for (const n of [0, 1]) ends[n]?.resolve();
  await vi.advanceTimersByTimeAsync(0);
  const ended = begun.length;
  for (const { resolve } of ends) resolve();
  await Promise.all(pages);
  expect([before, after, ended, begun.length]).toEqual([2, 4, 4, 5]);
});
