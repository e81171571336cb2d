import { expect, test } from 'vitest';

import { deferred } from '../../../test/support/deferred.ts';
import { settled } from '../../../test/support/settled.ts';
import { AuditPlaces } from './audit-places.ts';

test('two audits run at the same time, the others in the order in which they came, also after one that failed', async () => {
  const places = new AuditPlaces();
  const begun: number[] = [];
  const ends = [0, 1, 2, 3].map(() => deferred());
  const audits = ends.map(({ promise }, n) =>
    places.take(async () => {
      begun.push(n);
      await promise;
      if (n === 1) throw new Error('the audit failed');
    }),
  );
  const failed = audits[1]?.catch((error: unknown) => String(error));
  await settled();
  const first = [...begun];
  ends[1]?.resolve();
  expect(await failed).toBe('Error: the audit failed');
  await settled();
  const second = [...begun];
  for (const { resolve } of ends) resolve();
  await Promise.all([audits[0], audits[2], audits[3]]);
  expect([first, second, begun]).toEqual([
    [0, 1],
    [0, 1, 2],
    [0, 1, 2, 3],
  ]);
});
