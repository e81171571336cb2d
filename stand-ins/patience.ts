/** How many times longer than usual tests wait on a busy machine: the environment variable `TEST_PATIENCE`, 1 where it is not set. */
const STRETCH = Number(process.env['TEST_PATIENCE'] ?? 1);

/**
 * How long a test waits for something that should happen, in milliseconds, before the test fails. Every wait of the tests and the
 * stand-ins uses this constant. How long something takes is never the claim of a test: the wait is long enough for a machine with
 * two cores on which ten processes want to compute.
 */
export const PATIENCE_MS = 60_000 * STRETCH;

/** A time limit of the program that a stand-in plays, stretched like every wait of the tests. */
export function stretched(limitMs: number): number {
  return limitMs * STRETCH;
}
