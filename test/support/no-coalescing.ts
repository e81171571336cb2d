import type { WakerParts } from '../../src/core/waker.ts';

/** Every wait is over as soon as what happens now has happened. */
export const NO_COALESCING: Pick<WakerParts, 'batchDelayMs' | 'cooldownMs' | 'schedule' | 'monotonic'> = {
  batchDelayMs: 0,
  cooldownMs: 0,
  monotonic: () => 0,
  schedule: (_ms, callback) => {
    let isCancelled = false;
    queueMicrotask(() => {
      if (!isCancelled) callback();
    });
    return () => (isCancelled = true);
  },
};
