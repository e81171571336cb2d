import { SECOND_MS } from '../core/basics/clock.ts';
import type { ProviderLanesOptions } from '../core/lanes/provider-lanes.ts';
import type { PushService } from '../core/registry/push-target.ts';

/** The bounds of the lanes of each push service. */
export type LaneSizes = Readonly<
  Record<
    PushService,
    Pick<ProviderLanesOptions, 'capacity' | 'concurrency' | 'crowd' | 'mostLanes' | 'shares'>
  >
>;

export const LANE_SIZES: LaneSizes = {
  // Google's HTTP/2 servers allow 100 streams on one session. The queue has five seconds' work at 4000 a second, some 5 MB.
  fcm: { concurrency: 100, capacity: 20_000 },
  // For each push server: 160 wakes a second if it answers in 100 ms, and few enough sockets for any machine.
  unifiedpush: {
    concurrency: 16,
    capacity: 2000,
    // When many push servers are slow: no more sockets than these and one for each server, so that FCM, relays and clients have theirs.
    crowd: 1024,
    shares: {
      // Anyone can register 5000 dead push servers. Together they get fewer sockets than the servers that deliver, and at most some percent
      // of a processor: an attempt takes about a millisecond.
      fallen: { atOnce: 256 },
      // A push server usually answers within a second. Among 5000 that hang, a new one has its turn within 20 seconds.
      fresh: { atOnce: 512, patienceMs: 2 * SECOND_MS },
      failing: { atOnce: 256, perSecond: 50, patienceMs: 5 * SECOND_MS },
    },
  },
};
