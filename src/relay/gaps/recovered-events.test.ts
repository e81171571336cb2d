import { expect, test } from 'vitest';

import { deferred } from '../../../test/support/deferred.ts';
import { settled } from '../../../test/support/settled.ts';
import { Haul } from './recovered-events.ts';

test('all events that a page has brought are waited for, and each counts once', async () => {
  const haul = new Haul('live');
  const [first, second] = [deferred(), deferred()];
  haul.add(first.promise.then(() => 'admitted' as const));
  haul.add(second.promise.then(() => 'unverified' as const));
  haul.add('admitted');
  let isJudged = false;
  void haul.judged().then(() => (isJudged = true));
  first.resolve();
  await settled();
  const before = [isJudged, haul.found, haul.hasUnverified];
  second.resolve();
  await haul.judged();
  await haul.judged();
  expect([before, haul.found, haul.hasUnverified]).toEqual([[false, 2, false], 2, true]);
});
