import { serve, type RunningProgram } from './program.ts';
import type { EngineServer } from './redis-engine.ts';

/** The key that the servers of a test's fleet have. */
export const FLEET_KEY = '5e'.repeat(32);
export const FLEET_URL = 'https://fleet.example';

/** What a program needs to be a server of the fleet at this engine. */
export function fleetEnvironment(engine: Pick<EngineServer, 'url'>): Record<string, string> {
  return {
    STORE: 'redis',
    REDIS_URL: engine.url(),
    SERVER_PRIVATE_KEY: FLEET_KEY,
    PUBLIC_URL: FLEET_URL,
  };
}

/** Starts two servers of a fleet. */
export async function servePair(
  engine: EngineServer,
  environment: Readonly<Record<string, string>> = {},
): Promise<[RunningProgram, RunningProgram]> {
  const all = { ...fleetEnvironment(engine), ...environment };
  return Promise.all([serve(all), serve(all)]);
}
