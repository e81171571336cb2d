import { expect, test } from 'vitest';

import { AuditFinds } from './audit-finds.ts';

test('an event counts as dropped if it came by the audit only, before or after which nothing is remembered', () => {
  const finds = new AuditFinds();
  finds.heard({ id: 'before' });
  finds.begin();
  finds.heard({ id: 'live first' });
  for (const id of ['before', 'live first', 'live later', 'dropped', 'dropped']) finds.found(id);
  finds.heard({ id: 'live later' });
  expect([finds.end(), finds.end()]).toEqual([2, 0]);
});
