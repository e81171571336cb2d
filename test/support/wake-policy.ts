import { env } from 'node:process';

const { TEST_WAKE_POLICY: policy } = env;

if (policy === 'heartbeat')
  throw new Error('under heartbeat no event wakes; test/delivery/heartbeat.test.ts is for it');

/**
 * The wake policy under which a test's servers run: `prompt`, unless the environment of the tests has another one in `TEST_WAKE_POLICY`.
 * Slots last a second, and cohorts have two members. A test that sets `WAKE_POLICY` itself keeps its own.
 */
export const POLICY_UNDER_TEST: Readonly<Record<string, string>> =
  policy === undefined
    ? {}
    : {
        WAKE_POLICY: policy,
        WAKE_SLOT_SECONDS: '1',
        WAKE_COHORT_SIZE: '2',
        ...(policy === 'cohorts' && { STORE: 'file' }),
      };

/**
 * Whether the servers of the tests run under another policy than `prompt`. Tests of what `prompt` alone does are skipped then: windows and
 * cooldowns, which of two wakes comes first, chat wakes, and that an owed wake has not been paid when the next event comes.
 */
export const IS_OTHER_POLICY = policy !== undefined && policy !== 'prompt';
