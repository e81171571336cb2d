import type { CohortCounts } from '../../core/cohorts/cohort-table.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { LaneTroubles } from '../../core/lanes/lane.ts';
import type { RegistrationCounts } from '../../core/registry/registration.ts';
import { explained, type ExplainedAlarm } from '../alarm-watch.ts';
import type { ObservedSources, ObservedRelay, PolicyStatus } from '../gauge-sources.ts';
import type { HistoryMinute } from '../history.ts';

export interface SnapshotSources extends ObservedSources {
  readonly clock: Clock;
  /** The server's public key, 66 hex characters. */
  readonly serverPubkey: string;
}

interface ProviderSnapshot {
  readonly provider: string;
  readonly score: number;
  /** Attempts of the last ten minutes, which the score is made of. */
  readonly attempts: number;
  /** Milliseconds since the epoch; 0 before the first delivery. */
  readonly lastDeliveryAt: number;
  readonly pending: number;
  readonly owed: number;
  readonly lanes: number;
  readonly troubles: Partial<LaneTroubles>;
}

/** Everything that the dashboard shows. It has the server's public key, and no other key, token, endpoint or client address. */
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
  readonly policies: PolicyStatus;
  /** Absent without cohorts. */
  readonly cohorts?: Pick<CohortCounts, 'cohorts' | 'members' | 'unprotected' | 'lingering'>;
  readonly seenEvents: number;
  readonly lastEventAt: number;
  readonly minutes: readonly HistoryMinute[];
  readonly latency: Pick<HistoryMinute, 'p50' | 'p95' | 'p99'>;
}

/** @param startedAt when the program started, in milliseconds */
export function snapshot(sources: SnapshotSources, startedAt: number): Snapshot {
  const { clock, history, lanes, relays, waker } = sources;
  const { ready, reasons } = sources.ready();
  const [pending, owed, counts, troubled] = [lanes.pending(), lanes.owed(), lanes.count(), lanes.troubled()];
  return {
    version: sources.version,
    serverPubkey: sources.serverPubkey,
    now: clock(),
    startedAt,
    ready,
    reasons,
    alarms: sources.alarms().map(explained),
    relays: relays.status().map(relayOf),
    registrations: sources.registrations.counts(),
    registrationsLimit: sources.registrationsLimit,
    providers: Object.entries(sources.health).map(([provider, { attempts, lastDeliveryAt, score }]) => ({
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
    policies: sources.policies(),
    ...cohortsOf(sources.cohorts()),
    seenEvents: sources.store.seen.size,
    lastEventAt: history.lastEventAt,
    minutes: history.minutes(),
    latency: history.percentiles(),
  };
}

function cohortsOf({ cohorts, lingering, members, unprotected }: CohortCounts): Pick<Snapshot, 'cohorts'> {
  return cohorts === 0 ? {} : { cohorts: { cohorts, lingering, members, unprotected } };
}

/** Shows the host only, because a relay's URL may hold a secret. */
function relayOf({ dropped, liveKinds, recovering, relay, restricted, state }: ObservedRelay): ObservedRelay {
  const seen = dropped && { dropped: { count: dropped.count, lastAt: dropped.lastAt } };
  return { relay, state, liveKinds, restricted, recovering, ...seen };
}
