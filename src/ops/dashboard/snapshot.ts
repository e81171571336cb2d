import type { Clock } from '../../core/basics/clock.ts';
import type { LaneTroubles } from '../../core/lanes/lane-trouble.ts';
import type { RegistrationCounts } from '../../core/registry/registration.ts';
import { explained, type ExplainedAlarm } from '../explained-alarm.ts';
import type { ObservedParts, ObservedRelay } from '../gauge-sources.ts';
import type { HistoryMinute } from '../history.ts';

export interface SnapshotSources extends ObservedParts {
  readonly clock: Clock;
  /** The server's own, 66 hex characters. */
  readonly serverPubkey: string;
}

interface ProviderSnapshot {
  readonly provider: string;
  readonly score: number;
  /** In the ten minutes that the score is about. */
  readonly attempts: number;
  /** Milliseconds; 0 before the first. */
  readonly lastDeliveryAt: number;
  readonly pending: number;
  readonly owed: number;
  readonly lanes: number;
  readonly troubles: Partial<LaneTroubles>;
}

/** All that the dashboard shows: no key but the server's own, no token, no endpoint, no address of a client. */
export interface Snapshot {
  readonly version: string;
  readonly serverPubkey: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly startedAt: number;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly alarms: readonly ExplainedAlarm[];
  readonly relays: readonly ObservedRelay[];
  readonly registrations: RegistrationCounts;
  readonly registrationsLimit: number;
  readonly providers: readonly ProviderSnapshot[];
  readonly heldDevices: number;
  readonly seenEvents: number;
  readonly lastEventAt: number;
  readonly minutes: readonly HistoryMinute[];
  readonly latency: Pick<HistoryMinute, 'p50' | 'p95' | 'p99'>;
}

/** @param startedAt when the program began, in milliseconds */
export function snapshot(parts: SnapshotSources, startedAt: number): Snapshot {
  const { clock, history, lanes, relays, waker } = parts;
  const { ready, reasons } = parts.ready();
  const [pending, owed, counts, troubled] = [lanes.pending(), lanes.owed(), lanes.count(), lanes.troubled()];
  return {
    version: parts.version,
    serverPubkey: parts.serverPubkey,
    now: clock(),
    startedAt,
    ready,
    reasons,
    alarms: parts.alarms().map(explained),
    relays: relays.status().map(relayOf),
    registrations: parts.registrations.counts(),
    registrationsLimit: parts.registrationsLimit,
    providers: Object.entries(parts.health).map(([provider, { attempts, lastDeliveryAt, score }]) => ({
      provider,
      score,
      attempts,
      lastDeliveryAt,
      pending: pending[provider] ?? 0,
      owed: owed[provider] ?? 0,
      lanes: counts[provider] ?? 0,
      troubles: troubled[provider] ?? {},
    })),
    heldDevices: waker.heldDevices,
    seenEvents: parts.store.seen.size,
    lastEventAt: history.lastEventAt,
    minutes: history.minutes(),
    latency: history.percentiles(),
  };
}

/** Its URL may hold a secret between it and the operator: only the host is shown. */
function relayOf({ liveKinds, recovering, relay, restricted, state }: ObservedRelay): ObservedRelay {
  return { relay, state, liveKinds, restricted, recovering };
}
