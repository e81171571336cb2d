import type { CohortCounts } from '../../core/cohorts/cohort-table.ts';
import type { Alarm } from '../../core/watch/alarms.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { LaneTroubles } from '../../core/lanes/lane.ts';
import type { RegistrationCounts } from '../../core/registry/registration.ts';
import { explained, type ExplainedAlarm } from '../alarm-watch.ts';
import type { ObservedSources, ObservedRelay, PolicyStatus } from '../gauge-sources.ts';
import type { HistoryHour, HistoryMinute } from '../history.ts';
import type { PastAlarm } from '../past-alarms.ts';
import { isSaidBy, remedyOf } from '../readiness.ts';

/** What tells this server from others. */
export interface ServerIdentity {
  /** The host of `PUBLIC_URL`, or the machine's name. */
  readonly name: string;
  /** The server's public key, 66 hex characters. */
  readonly serverPubkey: string;
  /** `STORE`. */
  readonly storeKind: string;
}

export interface SnapshotSources extends ObservedSources, ServerIdentity {
  readonly clock: Clock;
  /** The library that verifies signatures. */
  readonly curve: { readonly library: string };
  readonly past: { all(): PastAlarm[] };
  /** Tells the history of the events that were received. */
  readonly lookAtEvents: () => void;
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
  readonly name: string;
  readonly version: string;
  readonly serverPubkey: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly startedAt: number;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  /** The reasons that no alarm stands for, with what to do. */
  readonly unready: readonly { readonly reason: string; readonly remedy: string }[];
  readonly alarms: readonly ExplainedAlarm[];
  /** Of the last day, those that stand included. */
  readonly pastAlarms: readonly PastAlarm[];
  readonly store: { readonly kind: string; readonly isOpen: boolean; readonly bytes: number };
  readonly signatures: string;
  /** Absent if it is unknown. */
  readonly freeBytes?: number;
  /** Seconds that our clock is ahead; absent if it is unknown. */
  readonly clockAhead?: number;
  readonly relays: readonly ObservedRelay[];
  readonly registrations: RegistrationCounts;
  readonly registrationsLimit: number;
  readonly providers: readonly ProviderSnapshot[];
  readonly heldDevices: number;
  readonly policies: PolicyStatus;
  /** Absent without cohorts. */
  readonly cohorts?: Pick<CohortCounts, 'cohorts' | 'members' | 'unprotected' | 'lingering'>;
  /** How many servers of the fleet live, as far as this one knows; absent without `STORE=redis`. */
  readonly servers?: number;
  readonly seenEvents: number;
  readonly lastEventAt: number;
  readonly hour: HistoryHour;
  readonly minutes: readonly HistoryMinute[];
  readonly latency: Pick<HistoryMinute, 'p50' | 'p95' | 'p99'>;
}

/** @param startedAt when the program started, in milliseconds */
export function snapshot(sources: SnapshotSources, startedAt: number): Snapshot {
  const { clock, disk, history, lanes, relays, skew, store, waker } = sources;
  const { ready, reasons } = sources.ready();
  const alarms = sources.alarms();
  sources.lookAtEvents();
  const [pending, owed, counts, troubled] = [lanes.pending(), lanes.owed(), lanes.count(), lanes.troubled()];
  return {
    name: sources.name,
    version: sources.version,
    serverPubkey: sources.serverPubkey,
    now: clock(),
    startedAt,
    ready,
    reasons,
    unready: unready(reasons, alarms),
    alarms: alarms.map(explained),
    pastAlarms: sources.past.all(),
    store: { kind: sources.storeKind, isOpen: store.isOpen(), bytes: store.size() },
    signatures: sources.curve.library,
    ...(disk.freeBytes !== undefined && { freeBytes: disk.freeBytes }),
    ...(skew.seconds !== undefined && { clockAhead: Math.round(skew.seconds) }),
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
    ...(sources.servers !== undefined && { servers: sources.servers() }),
    seenEvents: store.seen.size,
    lastEventAt: history.lastEventAt,
    hour: history.hour(),
    minutes: history.minutes(),
    latency: history.percentiles(),
  };
}

/** The reasons that no alarm stands for. */
function unready(reasons: readonly string[], alarms: readonly Alarm[]): Snapshot['unready'] {
  const names = alarms.map(({ alarm }) => alarm);
  return reasons
    .filter((reason) => !isSaidBy(reason, names))
    .map((reason) => ({ reason, remedy: remedyOf(reason, names) }));
}

function cohortsOf({ cohorts, lingering, members, unprotected }: CohortCounts): Pick<Snapshot, 'cohorts'> {
  return cohorts === 0 ? {} : { cohorts: { cohorts, lingering, members, unprotected } };
}

/** Shows the host only, because a relay's URL may hold a secret. */
function relayOf({ dropped, liveKinds, recovering, relay, restricted, state }: ObservedRelay): ObservedRelay {
  const seen = dropped && { dropped: { count: dropped.count, lastAt: dropped.lastAt } };
  return { relay, state, liveKinds, restricted, recovering, ...seen };
}
