import type { Schedule } from '../../src/core/basics/clock.ts';
import { Coalescer } from '../../src/core/waking/coalescer.ts';
import type { Wake, WakeEnd } from '../../src/core/lanes/wake.ts';
import type { WakerOptions } from '../../src/core/waking/waker.ts';

interface Lanes {
  readonly request: (wake: Wake) => Promise<WakeEnd>;
}

const schedule: Schedule = (ms, callback) => {
  // The hour of an allowance: longer than any test.
  if (ms > 0) return () => undefined;
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) callback();
  });
  return () => (isCancelled = true);
};

/** No coalescing: every window and cooldown has length 0. No event counts as vouched. */
export function noCoalescing(lanes: Lanes): Pick<WakerOptions, 'instances' | 'policy'> {
  const [batchDelayMs, cooldownMs, monotonic] = [0, 0, () => 0];
  const hand = (wake: Wake): Promise<WakeEnd> => lanes.request(wake);
  return {
    instances: { authors: new Set(), isInstance: () => false },
    policy: new Coalescer({ batchDelayMs, cooldownMs, monotonic, schedule, hand }),
  };
}
