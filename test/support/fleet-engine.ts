import { Secret } from '../../src/core/basics/secret.ts';
import type { FleetSettings } from '../../src/fleet/engine/compare-settings.ts';
import type { EngineAddress } from '../../src/fleet/engine/engine-address.ts';
import { FORMS } from '../../src/fleet/engine/forms.ts';
import { FleetNames } from '../../src/fleet/engine/names.ts';
import { ENGINE_TIMING, type EngineTiming } from '../../src/fleet/engine/engine-timing.ts';
import { RedisEngine } from '../../src/fleet/engine/redis-engine.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { keep } from './keep.ts';

/** The names of a test's fleet. @param fill makes its server key */
export function fleetNames(fill = 1): FleetNames {
  return new FleetNames(new Secret(Buffer.alloc(32, fill)));
}

/** The program's timing, with patience instead of the program's limits: a busy machine is no outage. */
export const TEST_TIMING: EngineTiming = {
  ...ENGINE_TIMING,
  answerLimitMs: PATIENCE_MS,
  firstAnswerLimitMs: PATIENCE_MS,
  dialLimitMs: PATIENCE_MS,
};

/** For outages: the program's own limit of an answer. */
export const OUTAGE_TIMING: EngineTiming = { ...TEST_TIMING, answerLimitMs: ENGINE_TIMING.answerLimitMs };

const NO_SETTINGS: FleetSettings = {};

/** An engine that was dialled once. It closes with the test. */
export async function openEngine(
  address: EngineAddress,
  { names = fleetNames(), settings = NO_SETTINGS, timing = TEST_TIMING, forms = FORMS } = {},
): Promise<RedisEngine> {
  const engine = keep(new RedisEngine({ address, names, settings: () => settings }, timing, forms));
  await engine.open();
  return engine;
}
