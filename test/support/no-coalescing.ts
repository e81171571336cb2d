import type { WakerParts } from '../../src/core/waking/waker.ts';

/** Every wait is over as soon as what happens now has happened, and no event is a vouched one. */
export const NO_COALESCING: Pick<
  WakerParts,
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
