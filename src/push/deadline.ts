/**
 * Gives an attempt a signal that aborts after `ms` milliseconds or with the outer one. By a timer that is cleared,
 * not by `AbortSignal.timeout`, whose timers would outlive thousands of finished pushes.
 */
export async function withDeadline<Result>(
  ms: number,
  outer: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, ms);
  outer.addEventListener('abort', abort, { once: true });
  if (outer.aborted) abort();
  try {
    return await attempt(controller.signal);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', abort);
  }
}
