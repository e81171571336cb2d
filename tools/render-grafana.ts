interface Panel {
  readonly title: string;
  readonly type?: 'timeseries' | 'stat';
  readonly unit?: string;
  readonly width?: number;
  readonly targets: readonly (readonly [legend: string, expr: string])[];
}

const P = 'mostro_push_';
const quantile = (share: number, histogram: string): string =>
  `histogram_quantile(${share}, sum by (le) (rate(${P}${histogram}_bucket[$__rate_interval])))`;
const rate = (counter: string, by: string): string =>
  `sum by (${by}) (rate(${P}${counter}_total[$__rate_interval])) * 60`;

const PANELS: readonly Panel[] = [
  { title: 'Ready', type: 'stat', width: 4, targets: [['', `${P}ready`]] },
  { title: 'Alarms', type: 'stat', width: 8, targets: [['{{alarm}}', `${P}alarm > 0`]] },
  { title: 'Registrations', type: 'stat', width: 6, targets: [['{{platform}}', `${P}registrations`]] },
  {
    title: 'Delivery health',
    type: 'stat',
    unit: 'percentunit',
    width: 6,
    targets: [['{{provider}}', `${P}delivery_health_ratio`]],
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
      ['for registered keys', `sum(rate(${P}events_matched_total[$__rate_interval])) * 60`],
      ['claimed', `sum(rate(${P}events_claimed_total[$__rate_interval])) * 60`],
    ],
  },
  {
    title: 'Events rejected a minute, by reason',
    targets: [['{{reason}}', rate('events_rejected', 'reason')]],
  },
  {
    title: 'Wakes that wait',
    targets: [
      ['{{provider}} pending', `${P}wakes_pending`],
      ['{{provider}} owed', `${P}devices_owed`],
      ['held', `${P}devices_held`],
    ],
  },
  {
    title: 'Wakes a minute: held, absorbed, retried, owed, dropped',
    targets: ['held', 'absorbed', 'retried', 'owed', 'dropped', 'turned_away'].map(
      (what) => [what, `sum(rate(${P}wakes_${what}_total[$__rate_interval])) * 60`] as const,
    ),
  },
  { title: 'Lanes in trouble', targets: [['{{provider}} {{trouble}}', `${P}lanes_troubled > 0`]] },
  { title: 'Relays: live subscriptions', targets: [['{{relay}}', `${P}relay_subscriptions_live`]] },
  { title: 'Relays: kinds restricted', targets: [['{{relay}}', `${P}relay_kinds_restricted`]] },
  {
    title: 'Bytes a second from relays',
    unit: 'Bps',
    targets: [['', `rate(${P}relay_received_bytes_total[$__rate_interval])`]],
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
      ['99 %', `${P}nodejs_eventloop_lag_p99_seconds`],
      ['mean', `${P}nodejs_eventloop_lag_mean_seconds`],
    ],
  },
  {
    title: 'Memory',
    unit: 'bytes',
    targets: [
      ['resident', `${P}process_resident_memory_bytes`],
      ['heap', `${P}nodejs_heap_size_used_bytes`],
    ],
  },
  { title: 'Clock, ahead by', unit: 's', targets: [['', `${P}clock_skew_seconds`]] },
  { title: 'Room in DATA_DIR', unit: 'bytes', targets: [['', `${P}data_dir_free_bytes`]] },
];

const COLUMNS = 24;
const HEIGHTS = { stat: 4, timeseries: 8 };
const SOURCE = { type: 'prometheus', uid: '${datasource}' };

const DASHBOARD = {
  uid: 'mostro-push',
  title: 'mostro-push-server',
  tags: ['mostro', 'nostr', 'push'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  timezone: 'browser',
  templating: {
    list: [
      {
        name: 'datasource',
        label: 'Prometheus',
        type: 'datasource',
        query: 'prometheus',
        current: {},
        hide: 0,
      },
    ],
  },
  annotations: { list: [] },
};

/** Every query of the dashboard, as Grafana would send it. */
export const GRAFANA_QUERIES: readonly string[] = PANELS.flatMap(({ targets }) =>
  targets.map(([, expr]) => expr.replaceAll('$__rate_interval', '1m')),
);

/** The dashboard for Grafana 10 and newer. On import, Grafana asks which Prometheus to use. */
export function renderGrafanaDashboard(): string {
  return `${JSON.stringify({ ...DASHBOARD, panels: placedPanels() }, null, 2)}\n`;
}

/** The panels from left to right, in rows of {@link COLUMNS}. */
function placedPanels(): object[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return PANELS.map(({ targets, title, type = 'timeseries', unit = 'short', width = 12 }, n) => {
    if (x + width > COLUMNS) [x, y] = [0, y + rowHeight];
    const gridPos = { h: HEIGHTS[type], w: width, x, y };
    [x, rowHeight] = [x + width, HEIGHTS[type]];
    return {
      id: n + 1,
      title,
      type,
      datasource: SOURCE,
      gridPos,
      fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
      options:
        type === 'stat'
          ? { reduceOptions: { calcs: ['lastNotNull'] }, textMode: 'value_and_name' }
          : {
              legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
              tooltip: { mode: 'multi' },
            },
      targets: targets.map(([legendFormat, expr], target) => ({
        refId: String.fromCodePoint(65 + target),
        datasource: SOURCE,
        expr,
        legendFormat: legendFormat || '__auto',
      })),
    };
  });
}
