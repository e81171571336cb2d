/** How many times longer than usual a busy machine gets: the environment variable `TEST_PATIENCE`, 1 where unset. */
const STRETCH = Number(process.env['TEST_PATIENCE'] ?? 1);

/**
 * How long a test waits for something that should happen, in milliseconds, before the test fails. Every wait of the tests and
 * stand-ins uses this one constant: the time is never the claim of a test, so the wait is long, and a busy machine stretches it.
 */
export const PATIENCE_MS = 20_000 * STRETCH;
