import { env } from 'node:process';

const { TEST_WAKE_POLICY: policy } = env;

if (policy !== undefined && policy !== 'prompt' && policy !== 'slots') {
  throw new Error('TEST_WAKE_POLICY is prompt or slots; cohorts and heartbeat have tests of their own');
}

/**
 * Whether the servers of the tests run under `slots`: the environment of the tests has `TEST_WAKE_POLICY=slots`. Tests of what `prompt`
 * alone does are skipped then: windows and cooldowns, which of two wakes comes first, chat wakes, and that an owed wake has not been paid
 * when the next event comes.
 */
export const IS_SLOTS = policy === 'slots';

/** The variables of the policy under which a test's servers run. A test that sets `WAKE_POLICY` itself keeps its own. */
export const POLICY_UNDER_TEST: Readonly<Record<string, string>> = IS_SLOTS
  ? { WAKE_POLICY: 'slots', WAKE_SLOT_SECONDS: '1' }
  : {};
