import { setTimeout as delay } from 'node:timers/promises';

/** What works takes a second at most, on a busy machine more; the server may take 10 s over its end. */
const PATIENCE_MS = 12_000;

/**
 * Waits for some work, but neither for ever nor past the end of the demo.
 *
 * @param what names the work in the error of a time-out
 * @throws the signal's reason once that is aborted
 */
export async function bounded<Result>(
  what: string,
  work: Promise<Result>,
  signal: AbortSignal,
): Promise<Result> {
  const settled = new AbortController();
  const limit = delay(PATIENCE_MS, undefined, { signal: AbortSignal.any([signal, settled.signal]) });
  const overdue = limit.then(() => {
    throw new Error(`${what} did not come about within ${PATIENCE_MS / 1000} s.`);
  });
  try {
    return await Promise.race([work, overdue]);
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    settled.abort();
  }
}
