import { gapSuite } from '../support/gap-suite.ts';
import { standInTestRelay } from '../support/test-relay.ts';

gapSuite('the stand-in', standInTestRelay);
