import type { Clock } from '../../core/basics/clock.ts';

/** How often a deadline reads its clock, in milliseconds. */
const LOOK_MS = 50;
/** The most that may count between two readings, in milliseconds. */
const MOST_MS = 100;

/**
 * A clock of the time in which this process ran, in milliseconds. A process that stood still, or got no turn on a busy machine, has asked
 * nothing meanwhile and heard nothing: a standstill counts as 100 ms at most. While something is measured the clock must be read often.
 */
export function runningTime(): Clock {
  let running = 0;
  let readAt = performance.now();
  return () => {
    const now = performance.now();
    running += Math.min(now - readAt, MOST_MS);
    readAt = now;
    return running;
  };
}

/**
 * Calls back when this process has run for `ms` milliseconds, and not before what has arrived by then was read: what fails then is the
 * other side.
 *
 * @param clock of {@link runningTime}
 * @returns cancels the call
 */
export function deadline(ms: number, callback: () => void, clock = runningTime()): () => void {
  const dueAt = clock() + ms;
  let timer: NodeJS.Timeout | undefined;
  let isCancelled = false;
  const look = (): void => {
    if (isCancelled) return;
    if (clock() < dueAt) wait();
    else callback();
  };
  // Timers that are due come before what has arrived, and `setImmediate` after it.
  const wait = (): void => {
    timer = setTimeout(() => setImmediate(look), Math.min(LOOK_MS, Math.ceil(dueAt - clock())));
  };
  wait();
  return () => {
    isCancelled = true;
    clearTimeout(timer);
  };
}
