import { PANELS, type Panel } from './grafana-panels.ts';

const COLUMNS = 24;
const HEIGHTS = { stat: 4, timeseries: 8, bargauge: 8, 'state-timeline': 8 };
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
      {
        name: 'instance',
        label: 'Server',
        type: 'query',
        datasource: SOURCE,
        query: { query: 'label_values(mostro_push_ready, instance)', refId: 'instance' },
        // With every change of the time that is shown.
        refresh: 2,
        sort: 1,
        multi: true,
        includeAll: true,
        allValue: '.*',
        current: { selected: true, text: ['All'], value: ['$__all'] },
        hide: 0,
      },
    ],
  },
  annotations: { list: [] },
};

/** Every query of the dashboard, as Grafana would send it. */
export const GRAFANA_QUERIES: readonly string[] = PANELS.flatMap(({ targets }) =>
  targets.map(([, expr]) =>
    expr.replaceAll('$__rate_interval', '1m').replaceAll('$__range', '6h').replaceAll('$instance', '.*'),
  ),
);

/** The dashboard for Grafana 10 and newer. On import, Grafana asks which Prometheus to use. */
export function renderGrafanaDashboard(): string {
  return `${JSON.stringify({ ...DASHBOARD, panels: placedPanels() }, null, 2)}\n`;
}

/** The panels from left to right, in rows of {@link COLUMNS}. */
function placedPanels(): object[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return PANELS.map((panel, n) => {
    const { targets, title, type = 'timeseries', width = 12 } = panel;
    if (x + width > COLUMNS) [x, y] = [0, y + rowHeight];
    const gridPos = { h: HEIGHTS[type], w: width, x, y };
    [x, rowHeight] = [x + width, HEIGHTS[type]];
    return {
      id: n + 1,
      title,
      type,
      datasource: SOURCE,
      gridPos,
      fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
      options: optionsOf(panel),
      targets: targets.map(([legendFormat, expr], target) => ({
        refId: String.fromCodePoint(65 + target),
        datasource: SOURCE,
        expr,
        legendFormat: legendFormat || '__auto',
        // One value of now, or of all the time that is shown.
        instant: type === 'stat' || type === 'bargauge',
      })),
    };
  });
}

function fieldDefaults(panel: Panel): object {
  const { ifNone, isSigned, thresholds, type = 'timeseries', unit = 'short', words } = panel;
  const steps = thresholds && [
    { color: thresholds.below, value: null },
    ...thresholds.steps.map(([value, color]) => ({ color, value })),
  ];
  const mapped =
    words &&
    Object.fromEntries(
      Object.entries(words).map(([value, [text, color]], index) => [value, { text, color, index }]),
    );
  return {
    unit,
    ...(isSigned !== true && { min: 0 }),
    ...(steps !== undefined && { thresholds: { mode: 'absolute', steps }, color: { mode: 'thresholds' } }),
    ...(mapped !== undefined && { mappings: [{ type: 'value', options: mapped }] }),
    ...(ifNone !== undefined && { noValue: ifNone }),
    // In a chart a threshold is a line, and each series keeps a colour of its own.
    ...(steps !== undefined &&
      type === 'timeseries' && {
        color: { mode: 'palette-classic' },
        custom: { thresholdsStyle: { mode: 'dashed' } },
      }),
  };
}

function optionsOf({ isName, type = 'timeseries' }: Panel): object {
  const last = { calcs: ['lastNotNull'] };
  if (type === 'stat')
    return { reduceOptions: last, colorMode: 'value', textMode: isName === true ? 'name' : 'value_and_name' };
  if (type === 'bargauge')
    return { reduceOptions: last, orientation: 'horizontal', displayMode: 'basic', showUnfilled: true };
  if (type === 'state-timeline')
    return { showValue: 'never', mergeValues: true, legend: { showLegend: false } };
  return {
    legend: { showLegend: true, displayMode: 'list', placement: 'bottom' },
    tooltip: { mode: 'multi' },
  };
}
