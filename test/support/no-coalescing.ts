import type { WakerOptions } from '../../src/core/waking/waker.ts';

/** No coalescing: every window and cooldown has length 0. No event counts as vouched. */
export const NO_COALESCING: Pick<
  WakerOptions,
  'instances' | 'batchDelayMs' | 'cooldownMs' | 'schedule' | 'monotonic'
> = {
  instances: { authors: new Set(), isInstance: () => false },
  batchDelayMs: 0,
  cooldownMs: 0,
  monotonic: () => 0,
  schedule: (ms, callback) => {
    // The hour of an allowance: longer than any test.
    if (ms > 0) return () => undefined;
    let isCancelled = false;
    queueMicrotask(() => {
      if (!isCancelled) callback();
    });
    return () => (isCancelled = true);
  },
};
