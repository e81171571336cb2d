import { expect, test } from 'vitest';

import { readiness, type ReadinessSources } from './readiness.ts';

const WELL: ReadinessSources = {
  relays: () => [{ liveKinds: [1059], unanswered: [] }],
  canDeliver: () => true,
  isLoaded: () => true,
  blockers: () => [],
  storeUnavailable: () => false,
  engineProblem: () => undefined,
  cannotVerify: () => false,
};

test.each<[string, Partial<ReadinessSources>, string[]]>([
  ['all is well', {}, []],
  ['the store takes no writes', { storeUnavailable: () => true }, ['registration store unavailable']],
  [
    'the engine is gone, whatever the store says',
    { storeUnavailable: () => true, engineProblem: () => 'nothing listens at its port' },
    ['registration store unreachable: nothing listens at its port'],
  ],
  [
    'the clients are not loaded yet',
    { isLoaded: () => false },
    ['the clients of the push services are being loaded'],
  ],
])('the reasons why a server is not ready when %s', (_, sources, reasons) => {
  expect(readiness({ ...WELL, ...sources })).toEqual({ ready: reasons.length === 0, reasons });
});
