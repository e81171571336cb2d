import { ALARMS, type Alarm } from '../core/watch/alarms.ts';
import type { CohortCounts } from '../core/cohorts/cohort-table.ts';
import { SECOND_MS } from '../core/basics/clock.ts';
import type { DeliveryHealth } from '../core/lanes/delivery-health.ts';
import type { LaneTroubles } from '../core/lanes/lane.ts';
import type { RegistrationCounts } from '../core/registry/registration.ts';
import type { History } from './history.ts';
import type { GaugeSources, Sample } from './metrics.ts';
import type { Readiness } from './readiness.ts';

/** A relay as gauges and dashboard show it. */
export interface ObservedRelay {
  /** Its host. */
  readonly relay: string;
  readonly state: string;
  readonly liveKinds: readonly number[];
  readonly restricted: readonly { readonly kind: number; readonly reason: string }[];
  readonly recovering: readonly number[];
  /** How many events audits have found that the relay had dropped, and when the last; absent: none. In milliseconds. */
  readonly dropped?: { readonly count: number; readonly lastAt: number };
}

/** The wake policies as gauges and dashboard show them. */
export interface PolicyStatus {
  /** `WAKE_POLICY`. */
  readonly server: string;
  /** How many devices have which other policy. */
  readonly chosen: Readonly<Record<string, number>>;
  /** How late the last burst began, in milliseconds; absent before the first, and without slots. */
  readonly lastLateMs?: number | undefined;
}

/** What gauges and dashboard read at the moment of a request. */
export interface ObservedSources {
  readonly version: string;
  readonly ready: () => Readiness;
  readonly alarms: () => readonly Alarm[];
  readonly registrations: { counts(): RegistrationCounts };
  /** `MAX_REGISTRATIONS`. */
  readonly registrationsLimit: number;
  readonly history: Pick<History, 'lastEventAt' | 'hour' | 'minutes' | 'percentiles'>;
  readonly store: { readonly seen: { readonly size: number }; isOpen(): boolean; size(): number };
  readonly waker: { readonly heldDevices: number; readonly countedWakes: number };
  readonly policies: () => PolicyStatus;
  /** The cohorts, of which there are none with `STORE=memory`. */
  readonly cohorts: () => CohortCounts;
  readonly announcements: { readonly size: number };
  readonly lanes: {
    pending(): Readonly<Record<string, number>>;
    owed(): Readonly<Record<string, number>>;
    count(): Readonly<Record<string, number>>;
    troubled(): Readonly<Record<string, LaneTroubles>>;
  };
  readonly relays: {
    status(): readonly ObservedRelay[];
    readonly unproven: number;
    readonly knownBytes: number;
  };
  /** How many servers work as one; absent without `STORE=redis`. */
  readonly servers?: (() => number) | undefined;
  readonly skew: { readonly seconds: number | undefined };
  readonly disk: { readonly freeBytes: number | undefined };
  readonly health: Readonly<Record<string, DeliveryHealth>>;
}

/** The source of every gauge's values. */
export function gaugeSources(observed: ObservedSources): GaugeSources {
  const { alarms, cohorts, disk, health, lanes, policies, ready, registrations, relays } = observed;
  const { skew, store, version, waker } = observed;
  const byRelay = (count: (relay: ObservedRelay) => number) => (): Sample[] =>
    samples('relay', sums(relays.status(), count));
  const byHealth = (read: (fared: DeliveryHealth) => number) => (): Sample[] =>
    Object.entries(health).map(([provider, of]) => ({ labels: { provider }, value: read(of) }));
  return {
    build_info: () => [{ labels: { version }, value: 1 }],
    ready: () => one(ready().ready ? 1 : 0),
    alarm: () => alarmSamples(alarms()),
    delivery_health_ratio: byHealth(({ score }) => score),
    last_delivery_timestamp_seconds: byHealth(({ lastDeliveryAt }) => lastDeliveryAt / SECOND_MS),
    last_event_timestamp_seconds: () => one(observed.history.lastEventAt / SECOND_MS),
    clock_skew_seconds: () => one(Math.round(skew.seconds ?? 0)),
    data_dir_free_bytes: () => (disk.freeBytes === undefined ? [] : one(disk.freeBytes)),
    registrations: () => {
      const { total: _, ...byPlatform } = registrations.counts();
      return samples('platform', byPlatform);
    },
    registrations_limit: () => one(observed.registrationsLimit),
    seen_events: () => one(store.seen.size),
    store_open: () => one(store.isOpen() ? 1 : 0),
    store_bytes: () => one(store.size()),
    wakes_pending: () => samples('provider', lanes.pending()),
    devices_owed: () => samples('provider', lanes.owed()),
    devices_held: () => one(waker.heldDevices),
    wake_policy: () => [{ labels: { policy: policies().server }, value: 1 }],
    devices_with_policy: () => samples('policy', policies().chosen),
    wakes_counted: () => one(waker.countedWakes),
    cohorts: () =>
      [...cohorts().sizes].map(([places, value]) => ({ labels: { places: String(places) }, value })),
    cohort_members: () => memberSamples(cohorts()),
    cohort_members_lingering: () => (cohorts().cohorts === 0 ? [] : one(cohorts().lingering)),
    chat_announcements_waiting: () => one(observed.announcements.size),
    lanes: () => samples('provider', lanes.count()),
    lanes_troubled: () =>
      Object.entries(lanes.troubled()).flatMap(([provider, troubles]) =>
        samples('trouble', troubles).map(({ labels, value }) => ({ labels: { provider, ...labels }, value })),
      ),
    fleet_servers: () => (observed.servers === undefined ? [] : one(observed.servers())),
    relay_state: () => relays.status().map(({ relay, state }) => ({ labels: { relay, state }, value: 1 })),
    relay_subscriptions_live: byRelay(({ liveKinds }) => liveKinds.length),
    relay_kinds_restricted: byRelay(({ restricted }) => restricted.length),
    relays_unproven: () => one(relays.unproven),
    relay_known_events_bytes: () => one(relays.knownBytes),
    relay_recovering: byRelay(({ recovering }) => recovering.length),
  };
}

function one(value: number): Sample[] {
  return [{ value }];
}

/** Every alarm has a series, with 0 while it does not stand. So a rule can tell a quiet alarm from a missing metric. */
function alarmSamples(alarms: readonly Alarm[]): Sample[] {
  return Object.keys(ALARMS).map((alarm) => ({
    labels: { alarm },
    value: alarms.filter((raised) => raised.alarm === alarm).length,
  }));
}

function memberSamples({ cohorts, members, unprotected }: CohortCounts): Sample[] {
  return cohorts === 0 ? [] : samples('state', { protected: members - unprotected, unprotected });
}

function samples(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value }));
}

/** Adds up by host: two URLs of one host are one relay here. */
function sums(
  relays: readonly ObservedRelay[],
  count: (relay: ObservedRelay) => number,
): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const each of relays) totals[each.relay] = (totals[each.relay] ?? 0) + count(each);
  return totals;
}
