import { SECOND_MS } from '../core/basics/clock.ts';
import type { ProviderLanesOptions } from '../core/lanes/provider-lanes.ts';
import type { PushService } from '../core/registry/push-target.ts';

/** The bounds of each push service's lane. */
export type LaneSizes = Readonly<
  Record<
    PushService,
    Pick<ProviderLanesOptions, 'capacity' | 'concurrency' | 'crowd' | 'mostLanes' | 'shares'>
  >
>;

export const LANE_SIZES: LaneSizes = {
  // As many streams as Google's HTTP/2 servers allow on one session; five seconds' work at 4000 a second, some 5 MB.
  fcm: { concurrency: 100, capacity: 20_000 },
  // For each host: enough for 160 wakes a second to one that answers in 100 ms, and few enough sockets for any machine.
  unifiedpush: {
    concurrency: 16,
    capacity: 2000,
    // When many hosts are slow, no more sockets than these and one for each host, so that FCM, relays and clients have theirs.
    crowd: 1024,
    shares: {
      // Whoever owns no server can register 5000 dead ones. Together they get fewer sockets than those that deliver, and at most some
      // percent of a processor: an attempt takes about a millisecond.
      fallen: { atOnce: 256 },
      // A push server answers within a second as a rule. Where hosts that hang are in its way, it has its turn among 5000 within 20 seconds.
      fresh: { atOnce: 512, patienceMs: 2 * SECOND_MS },
      failing: { atOnce: 256, perSecond: 50, patienceMs: 5 * SECOND_MS },
    },
  },
};
