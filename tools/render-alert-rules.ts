import { ALARMS, type AlarmName } from '../src/core/watch/alarms.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly severity: 'page' | 'ticket';
  readonly summary: string;
  readonly runbook: string;
}

/** Rules for what no alarm of the server can show: that the server does not answer, or that something happened in the last minutes. */
const BEYOND_ALARMS: readonly Rule[] = [
  {
    alert: 'MostroPushDown',
    expr: 'up{job="mostro-push"} == 0',
    for: '2m',
    severity: 'page',
    summary: 'the server does not answer',
    runbook: 'see that it runs (systemctl status, docker ps); its last lines say why it ended',
  },
  {
    alert: 'MostroPushNotReady',
    expr: 'mostro_push_ready == 0',
    for: '2m',
    severity: 'page',
    summary: 'no wake gets through',
    runbook: 'the reasons are at /health/ready and on the dashboard; mostro-push doctor says what to do',
  },
  {
    alert: 'MostroPushRestarting',
    expr: 'changes(mostro_push_process_start_time_seconds[30m]) > 3',
    for: '0m',
    severity: 'page',
    summary: 'it starts again and again, and with STORE=memory forgets its registrations every time',
    runbook: 'the line server.failed in the log says where',
  },
  {
    alert: 'MostroPushSlow',
    expr: 'histogram_quantile(0.95, sum by (le, provider) (rate(mostro_push_event_to_push_seconds_bucket[10m]))) > 90',
    for: '10m',
    severity: 'ticket',
    summary: 'one wake in twenty takes longer than the longest holding back, 65 s, explains',
    runbook: 'see which stage is slow on the dashboard of Grafana: held, queued, or the attempt itself',
  },
  {
    alert: 'MostroPushRecoveryIncomplete',
    expr: 'increase(mostro_push_relay_recoveries_total{outcome="incomplete"}[1h]) > 0',
    for: '0m',
    severity: 'ticket',
    summary: 'a gap at a relay was not recovered in full: wakes may have been lost',
    runbook: 'relay.recovery_incomplete in the log names the relay, the stretch of time and the reason',
  },
  {
    alert: 'MostroPushNoEvents',
    expr: 'sum(increase(mostro_push_events_received_total[1h])) == 0 and on () (mostro_push_ready == 1)',
    for: '1h',
    severity: 'ticket',
    summary: 'relays are listened to and bring nothing, not even events for strangers',
    runbook: 'see with another client whether the relays get events of these kinds; add a busier relay',
  },
  {
    alert: 'MostroPushNearlyFull',
    expr: 'sum(mostro_push_registrations) / sum(mostro_push_registrations_limit) > 0.9',
    for: '10m',
    severity: 'ticket',
    summary: 'nine tenths of MAX_REGISTRATIONS are taken',
    runbook:
      'raise MAX_REGISTRATIONS if memory allows; at the limit new keys take the place of ones that were never woken',
  },
  {
    alert: 'MostroPushLostWakes',
    expr: 'increase(mostro_push_wakes_turned_away_total[15m]) > 0',
    for: '0m',
    severity: 'page',
    summary: 'wakes are lost because their provider has no credentials',
    runbook: 'set FIREBASE_SERVICE_ACCOUNT_PATH, or FCM_ENABLED=false so that apps can tell',
  },
  {
    alert: 'MostroPushStalls',
    expr: 'mostro_push_nodejs_eventloop_lag_p99_seconds > 0.5',
    for: '10m',
    severity: 'ticket',
    summary: 'the program stands still for half a second at a time',
    runbook: 'see the machine: CPU taken by others, swapping, a slow disk under LOG_FILE',
  },
];

/** Alert rules for Prometheus: one for each alarm, in the same words, and {@link BEYOND_ALARMS}. */
export function renderAlertRules(): string {
  const ofAlarms = Object.entries(ALARMS).map(([alarm, { level, remedy }]) => ({
    alert: nameOf(alarm as AlarmName),
    expr: `mostro_push_alarm{alarm="${alarm}"} > 0`,
    for: level === 'error' ? '1m' : '5m',
    severity: level === 'error' ? 'page' : 'ticket',
    summary: alarm,
    runbook: remedy,
  }));
  return [
    '# Made from src/core/watch/alarms.ts by tools/render-alert-rules.ts: npm run generate',
    'groups:',
    '  - name: mostro-push',
    '    rules:',
    ...[...BEYOND_ALARMS, ...ofAlarms].flatMap(lines),
    '',
  ].join('\n');
}

function lines({
  alert,
  expr,
  for: patience,
  severity,
  summary,
  runbook,
}: Omit<Rule, 'severity'> & { severity: string }): string[] {
  return [
    `      - alert: ${alert}`,
    `        expr: ${quote(expr)}`,
    `        for: ${patience}`,
    '        labels:',
    `          severity: ${severity}`,
    '        annotations:',
    `          summary: ${quote(summary)}`,
    `          runbook: ${quote(runbook)}`,
  ];
}

function nameOf(alarm: AlarmName): string {
  const words = alarm.split(' ').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `MostroPushAlarm${words.join('')}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
