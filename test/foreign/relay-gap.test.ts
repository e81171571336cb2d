import { describe } from 'vitest';

import { ForeignRelay } from '../support/foreign-relay.ts';
import { isInstalled, KHATRU } from '../support/relay-makes.ts';
import { gapSuite } from '../support/gap-suite.ts';
import { publishAll, type TestRelay } from '../support/test-relay.ts';

describe.skipIf(!isInstalled(KHATRU))(
  'a relay that nobody here wrote (.ci/install-relay installs it)',
  () => {
    gapSuite('khatru 0.19.1', foreignTestRelay);
  },
);

async function foreignTestRelay(): Promise<TestRelay> {
  const relay = await ForeignRelay.start();
  return {
    port: relay.port,
    publish: (events) => publishAll(relay.url, events),
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}
