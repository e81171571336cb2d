import { randomBytes } from 'node:crypto';
import { env } from 'node:process';

import { MINUTE_MS, SECOND_MS } from '../../src/core/basics/clock.ts';
import { slotOffset } from '../../src/crypto/slot-offset.ts';

const POLICIES = ['prompt', 'slots', 'cohorts', 'heartbeat'] as const;
export type PolicyUnderTest = (typeof POLICIES)[number];

/** The wake policy of the tests' servers: `TEST_WAKE_POLICY` in the environment of the tests. A test that sets `WAKE_POLICY` itself keeps its own. */
export const POLICY: PolicyUnderTest = named(env['TEST_WAKE_POLICY'] ?? 'prompt');

function named(policy: string): PolicyUnderTest {
  const known = POLICIES.find((name) => name === policy);
  if (known === undefined) throw new Error(`TEST_WAKE_POLICY is one of ${POLICIES.join(', ')}`);
  return known;
}

/** The variables of each policy. A cohort has two devices, and needs a store. */
const VARIABLES: Readonly<Record<PolicyUnderTest, Readonly<Record<string, string>>>> = {
  prompt: {},
  slots: { WAKE_POLICY: 'slots' },
  cohorts: { STORE: 'file', WAKE_POLICY: 'cohorts', WAKE_COHORT_SIZE: '2' },
  heartbeat: { WAKE_POLICY: 'heartbeat' },
};
export const POLICY_UNDER_TEST = VARIABLES[POLICY];

/** Shorter than a variable can say, so that tests are quick: what a server has that says nothing else of slots and beats. */
const SHORT = { slotMs: 250, heartbeatMs: SECOND_MS };

/** @param environment what the test has set itself @returns the times of the policy under test */
export function shortTimes(environment: Readonly<Record<string, string>> = {}): Partial<typeof SHORT> {
  const { WAKE_HEARTBEAT_MINUTES, WAKE_POLICIES_OFFERED, WAKE_POLICY, WAKE_SLOT_SECONDS } = environment;
  if (WAKE_POLICY !== undefined || WAKE_POLICIES_OFFERED !== undefined) return {};
  return {
    ...(WAKE_SLOT_SECONDS === undefined && { slotMs: SHORT.slotMs }),
    ...(WAKE_HEARTBEAT_MINUTES === undefined && { heartbeatMs: SHORT.heartbeatMs }),
  };
}

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

/** Why a test has no meaning under some policies. */
type Reasons = Readonly<Partial<Record<PolicyUnderTest, string>>>;

/** A reason why a test has a meaning under `prompt` alone. */
export function promptOnly(why: string): Reasons {
  return { slots: why, cohorts: why, heartbeat: why };
}

/** Reasons that many tests share. */
export const BEATS_ARE_PUSHES: Reasons = {
  heartbeat: 'beats are pushes too, and come for devices without an event',
};
export const COVERS_ARE_PUSHES: Reasons = { cohorts: 'cover wakes are pushes too' };
export const MANY_DEVICES: Reasons = {
  cohorts: 'thousands of devices and their companions register one after another',
};
export const PUSHES_ARE_COUNTED: Reasons = { ...BEATS_ARE_PUSHES, ...COVERS_ARE_PUSHES };

/** Whether a test has no meaning under the policy of this run, and is left out. Says why. */
export function isLeftOut(reasons: Reasons): boolean {
  const reason = reasons[POLICY];
  if (reason !== undefined) console.info(`left out under ${POLICY}: ${reason}`);
  return reason !== undefined;
}
