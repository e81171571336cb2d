import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

import type { RegistrationCounts } from '../core/registration.ts';
import { COUNTERS, type CounterName } from '../core/telemetry.ts';
import { Tally } from './tally.ts';

/** All metric names begin so (contract 8). */
const PREFIX = 'mostro_push_';

/** A relay as the gauges show it. */
export interface RelayGauges {
  readonly relay: string;
  readonly liveKinds: readonly number[];
  readonly restricted: readonly unknown[];
}

/** What is read when the metrics are asked for, rather than counted as it happens. */
export interface GaugeSources {
  readonly registrations: () => RegistrationCounts;
  /** Ids that the seen-set holds. */
  readonly seenEvents: () => number;
  /** Wakes that wait or are under way, by provider. */
  readonly pending: () => Readonly<Record<string, number>>;
  /** Devices that are owed a wake, by provider. */
  readonly owed: () => Readonly<Record<string, number>>;
  /** Lanes, by provider. */
  readonly lanes: () => Readonly<Record<string, number>>;
  /** Devices whose next wake would be held. */
  readonly heldDevices: () => number;
  /** Calls of `/api/notify` that wait for their tick. */
  readonly chatAnnouncements: () => number;
  readonly relays: () => readonly RelayGauges[];
}

/** The counters of {@link COUNTERS}, and gauges, in Prometheus's text format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #tallies: ReadonlyMap<CounterName, Tally>;

  constructor() {
    const entries = Object.entries(COUNTERS).map(([name, { help, labels }]) => {
      const options = {
        name: `${PREFIX}${name}_total`,
        help,
        labelNames: [...labels],
        registers: [this.#registry],
      };
      return [name as CounterName, new Tally(new Counter(options), labels)] as const;
    });
    this.#tallies = new Map(entries);
    collectDefaultMetrics({ register: this.#registry, prefix: PREFIX });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  count(name: CounterName, labels: Readonly<Record<string, string>> = {}, by = 1): void {
    this.#tallies.get(name)?.add(labels, by);
  }

  /** The metrics page. */
  text(): Promise<string> {
    for (const tally of this.#tallies.values()) tally.settle();
    return this.#registry.metrics();
  }

  /** Declares the gauges, once their sources exist. */
  observe(sources: GaugeSources): void {
    this.#gauge('registrations', 'Registrations held, by platform.', 'platform', () => {
      const { android, ios, webpush } = sources.registrations();
      return { android, ios, webpush };
    });
    this.#register('seen_events', 'Ids of events held in the seen-set.', [], (gauge) =>
      gauge.set(sources.seenEvents()),
    );
    this.#gauge('wakes_pending', 'Wakes that wait or are under way.', 'provider', sources.pending);
    this.#gauge('devices_owed', 'Devices that are owed a wake.', 'provider', sources.owed);
    this.#gauge(
      'lanes',
      'Lanes: one for FCM, one for every UnifiedPush host in use.',
      'provider',
      sources.lanes,
    );
    this.#register(
      'devices_held',
      'Devices whose next wake would be held, to be answered with others.',
      [],
      (gauge) => gauge.set(sources.heldDevices()),
    );
    this.#register(
      'chat_announcements_waiting',
      'Calls of /api/notify that wait for their tick.',
      [],
      (gauge) => gauge.set(sources.chatAnnouncements()),
    );
    this.#observeRelays(sources.relays);
  }

  #observeRelays(relays: GaugeSources['relays']): void {
    const byRelay = (count: (relay: RelayGauges) => number) => () => {
      const counts: Record<string, number> = {};
      for (const each of relays()) counts[each.relay] = (counts[each.relay] ?? 0) + count(each);
      return counts;
    };
    const live = byRelay(({ liveKinds }) => liveKinds.length);
    this.#gauge('relay_subscriptions_live', 'Subscriptions past EOSE, by host of the relay.', 'relay', live);
    const restricted = byRelay((relay) => relay.restricted.length);
    this.#gauge(
      'relay_kinds_restricted',
      'Kinds that a relay does not serve, by its host.',
      'relay',
      restricted,
    );
  }

  #gauge(name: string, help: string, label: string, read: () => Readonly<Record<string, number>>): void {
    this.#register(name, help, [label], (gauge) => {
      // What is no longer there must not keep its last value.
      gauge.reset();
      for (const [value, count] of Object.entries(read())) gauge.set({ [label]: value }, count);
    });
  }

  #register(name: string, help: string, labelNames: string[], collect: (gauge: Gauge) => void): void {
    const gauge: Gauge = new Gauge({
      name: `${PREFIX}${name}`,
      help,
      labelNames,
      registers: [],
      collect: () => collect(gauge),
    });
    this.#registry.registerMetric(gauge);
  }
}
