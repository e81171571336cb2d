import type { Deadlines } from './deadlines.ts';

/** Gives an attempt a signal of its own, which aborts when its time is over or with the outer one. */
export async function withDeadline<Result>(
  deadlines: Deadlines,
  outer: AbortSignal,
  attempt: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  using patience = deadlines.begin(outer);
  const controller = new AbortController();
  patience.whenOver(() => controller.abort());
  return await attempt(controller.signal);
}
