import { randomBytes } from 'node:crypto';
import { env } from 'node:process';

import { slotOffset } from '../../src/crypto/slot-offset.ts';
import { MINUTE_MS, SECOND_MS } from '../../src/core/basics/clock.ts';

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

const LONG_SLOT_MS = 10 * MINUTE_MS;

/** Slots of ten minutes, and a server key with which no edge comes within the next five: no wake of a policy leaves while a test runs. */
export function slotsWithoutAnEdge(): Record<string, string> {
  for (;;) {
    const key = randomBytes(32);
    const passedMs = (Date.now() - slotOffset(key, LONG_SLOT_MS)) % LONG_SLOT_MS;
    if (passedMs < LONG_SLOT_MS / 2)
      return { SERVER_PRIVATE_KEY: key.toString('hex'), WAKE_SLOT_SECONDS: String(LONG_SLOT_MS / SECOND_MS) };
  }
}
