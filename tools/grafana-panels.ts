type Colour = 'green' | 'orange' | 'red' | 'transparent';

/** A panel of the dashboard for Grafana. */
export interface Panel {
  readonly title: string;
  readonly type?: 'timeseries' | 'stat' | 'bargauge' | 'state-timeline';
  readonly unit?: string;
  readonly width?: number;
  readonly targets: readonly (readonly [legend: string, expr: string])[];
  /** From which value on which colour. Below the first value the colour is `below`. */
  readonly thresholds?: { readonly below: Colour; readonly steps: readonly (readonly [number, Colour])[] };
  /** Words in the place of values. */
  readonly words?: Readonly<Record<string, readonly [text: string, color: Colour]>>;
  /** Shown where the query finds nothing. */
  readonly ifNone?: string;
  /** The legend is the value. */
  readonly isName?: boolean;
  /** The values may be negative. */
  readonly isSigned?: boolean;
}

/** A metric of the chosen servers. */
const of = (metric: string): string => `mostro_push_${metric}{instance=~"$instance"}`;
const quantile = (share: number, histogram: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${of(`${histogram}_bucket`)}[$__rate_interval])))`;
const rate = (counter: string, by: string): string =>
  `sum by (${by}) (rate(${of(`${counter}_total`)}[$__rate_interval])) * 60`;
const total = (counter: string, more = ''): string => {
  const selected = of(`${counter}_total`).replace('}', `${more}}`);
  return `sum(increase(${selected}[$__range]))`;
};

export const PANELS: readonly Panel[] = [
  {
    title: 'Ready',
    type: 'stat',
    width: 5,
    targets: [['{{instance}}', of('ready')]],
    words: { 0: ['not ready', 'red'], 1: ['ready', 'green'] },
    ifNone: 'no server answers',
  },
  {
    title: 'Alarms',
    type: 'stat',
    width: 9,
    targets: [['{{instance}} {{alarm}}', `${of('alarm')} > 0`]],
    thresholds: { below: 'green', steps: [[1, 'red']] },
    ifNone: 'none',
    isName: true,
  },
  {
    title: 'Version',
    type: 'stat',
    width: 5,
    targets: [['{{instance}} {{version}}', of('build_info')]],
    isName: true,
  },
  {
    title: 'Store',
    type: 'stat',
    width: 5,
    targets: [['{{instance}}', of('store_open')]],
    words: { 0: ['takes no writes', 'red'], 1: ['open', 'green'] },
  },
  {
    title: 'Registrations',
    type: 'stat',
    width: 8,
    targets: [['{{platform}}', `sum by (platform) (${of('registrations')})`]],
  },
  {
    title: 'Registrations, of MAX_REGISTRATIONS',
    type: 'stat',
    unit: 'percentunit',
    width: 5,
    targets: [
      [
        '{{instance}}',
        `sum by (job, instance) (${of('registrations')}) / on (job, instance) ${of('registrations_limit')}`,
      ],
    ],
    thresholds: {
      below: 'green',
      steps: [
        [0.75, 'orange'],
        [0.9, 'red'],
      ],
    },
  },
  {
    title: 'Delivery health',
    type: 'stat',
    unit: 'percentunit',
    width: 6,
    targets: [['{{instance}} {{provider}}', of('delivery_health_ratio')]],
    thresholds: {
      below: 'red',
      steps: [
        [0.5, 'orange'],
        [0.95, 'green'],
      ],
    },
  },
  {
    title: 'Wake policy',
    type: 'stat',
    width: 5,
    targets: [['{{instance}} {{policy}}', of('wake_policy')]],
    isName: true,
  },
  {
    title: 'From event to wake, in the time shown',
    type: 'bargauge',
    targets: [
      ['matched: for registered keys', total('events_matched')],
      ['verified: genuine and new', total('events_claimed')],
      ['woken: wakes sent', total('wakes_released')],
      ['delivered', total('pushes', ',outcome="delivered"')],
    ],
  },
  {
    title: 'When alarms stood',
    type: 'state-timeline',
    targets: [['{{instance}} {{alarm}}', `${of('alarm')} > 0`]],
    thresholds: { below: 'transparent', steps: [[1, 'red']] },
    ifNone: 'none',
  },
  {
    title: 'Attempts a minute, by outcome',
    targets: [['{{provider}} {{outcome}}', rate('pushes', 'provider, outcome')]],
  },
  {
    title: 'Failures a minute, by reason',
    targets: [['{{provider}} {{reason}}', rate('push_failures', 'provider, reason')]],
  },
  {
    title: 'From event to push',
    unit: 's',
    targets: [0.5, 0.95, 0.99].map(
      (part) => [`${part * 100} %`, quantile(part, 'event_to_push_seconds')] as const,
    ),
  },
  {
    title: 'Stages, 95 %',
    unit: 's',
    targets: [
      'event_admission_seconds',
      'wake_held_seconds',
      'wake_queue_seconds',
      'push_attempt_seconds',
      'oauth_mint_seconds',
    ].map((stage) => [stage, quantile(0.95, stage)] as const),
  },
  {
    title: 'Events a minute',
    targets: [
      ['received, kind {{kind}}', rate('events_received', 'kind')],
      ['for registered keys', `sum(rate(${of('events_matched_total')}[$__rate_interval])) * 60`],
      ['claimed', `sum(rate(${of('events_claimed_total')}[$__rate_interval])) * 60`],
    ],
  },
  {
    title: 'Events rejected a minute, by reason',
    targets: [['{{reason}}', rate('events_rejected', 'reason')]],
  },
  {
    title: 'Wakes that wait',
    targets: [
      ['{{instance}} {{provider}} pending', of('wakes_pending')],
      ['{{instance}} {{provider}} owed', of('devices_owed')],
      ['{{instance}} held', of('devices_held')],
    ],
  },
  {
    title: 'Wakes a minute: held, absorbed, retried, owed, dropped',
    targets: ['held', 'absorbed', 'retried', 'owed', 'dropped', 'turned_away'].map(
      (what) => [what, `sum(rate(${of(`wakes_${what}_total`)}[$__rate_interval])) * 60`] as const,
    ),
  },
  { title: 'Wakes a minute, by policy', targets: [['{{policy}}', rate('wakes_released', 'policy')]] },
  {
    title: 'Fleet: servers that each one knows of',
    targets: [['{{instance}}', `${of('fleet_servers')} > 0`]],
  },
  {
    title: 'Fleet: claims a minute, by outcome',
    targets: [
      ['{{outcome}}', `${rate('fleet_claims', 'outcome')} and on () sum(${of('fleet_servers')}) > 0`],
    ],
  },
  {
    title: 'Lanes in trouble',
    targets: [['{{instance}} {{provider}} {{trouble}}', `${of('lanes_troubled')} > 0`]],
  },
  {
    title: 'Relays: live subscriptions',
    targets: [['{{instance}} {{relay}}', of('relay_subscriptions_live')]],
  },
  { title: 'Relays: kinds restricted', targets: [['{{instance}} {{relay}}', of('relay_kinds_restricted')]] },
  {
    title: 'Bytes a second from relays',
    unit: 'Bps',
    targets: [['{{instance}}', `rate(${of('relay_received_bytes_total')}[$__rate_interval])`]],
  },
  { title: 'OAuth, mints a minute', targets: [['{{outcome}}', rate('oauth_mints', 'outcome')]] },
  {
    title: 'HTTP answers a minute',
    targets: [['{{route}} {{status}}', rate('http_requests', 'route, status')]],
  },
  {
    title: 'Event loop lag',
    unit: 's',
    targets: [
      ['{{instance}} 99 %', of('nodejs_eventloop_lag_p99_seconds')],
      ['{{instance}} mean', of('nodejs_eventloop_lag_mean_seconds')],
    ],
    thresholds: { below: 'green', steps: [[0.5, 'red']] },
  },
  {
    title: 'Memory',
    unit: 'bytes',
    targets: [
      ['{{instance}} resident', of('process_resident_memory_bytes')],
      ['{{instance}} heap', of('nodejs_heap_size_used_bytes')],
    ],
  },
  {
    title: 'Clock, ahead by',
    unit: 's',
    targets: [['{{instance}}', of('clock_skew_seconds')]],
    thresholds: {
      below: 'red',
      steps: [
        [-60, 'green'],
        [60, 'red'],
      ],
    },
    isSigned: true,
  },
  {
    title: 'Room in DATA_DIR',
    unit: 'bytes',
    targets: [['{{instance}}', of('data_dir_free_bytes')]],
    thresholds: { below: 'red', steps: [[16 * 1024 * 1024, 'green']] },
  },
];
