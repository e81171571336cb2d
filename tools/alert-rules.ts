import { ALARMS, type AlarmName } from '../src/core/watch/alarms.ts';

/** An alert rule for Prometheus. */
export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long the expression must hold. */
  readonly for: string;
  /** `page`: somebody has to act now. `ticket`: on the next working day. */
  readonly severity: 'page' | 'ticket';
  /** `symptom`: Alertmanager shows the alert only while no page tells the cause (`deploy/prometheus/alertmanager.yml`). */
  readonly about: 'cause' | 'symptom';
  readonly summary: string;
  readonly runbook: string;
}

/** Every expression keeps these labels, so that each server has alerts of its own. */
const SERVER = 'job, instance';

/** Alarms that follow from others. */
const SYMPTOMS: ReadonlySet<AlarmName> = new Set(['queue full', 'deliveries failing']);

/** Alarms that say why attempts fail. */
const REASONS_TO_FAIL: readonly AlarmName[] = [
  'bad key file',
  'wrong project',
  'APNs key refused',
  'OAuth down',
  'FCM down',
  '429 pause',
  'clock off',
];

/** Rules for what no alarm of the server can show: that the server does not answer, or that something happened in the last minutes. */
const BEYOND_ALARMS: readonly AlertRule[] = [
  {
    alert: 'MostroPushDown',
    expr: 'up{job="mostro-push"} == 0',
    for: '2m',
    severity: 'page',
    about: 'cause',
    summary: 'the server does not answer',
    runbook: 'see that it runs (systemctl status, docker ps); its last lines say why it ended',
  },
  {
    alert: 'MostroPushNotReady',
    expr: 'mostro_push_ready == 0',
    for: '2m',
    severity: 'page',
    about: 'symptom',
    summary: 'no wake gets through, or no device can register',
    runbook: 'the reasons are at /health/ready and on the dashboard; mostro-push doctor says what to do',
  },
  {
    alert: 'MostroPushRestarting',
    expr: 'changes(mostro_push_process_start_time_seconds[30m]) > 3',
    for: '0m',
    severity: 'page',
    about: 'cause',
    summary: 'it starts again and again, and with STORE=memory forgets its registrations every time',
    runbook: 'the line server.failed in the log says where',
  },
  {
    alert: 'MostroPushSlow',
    expr: `histogram_quantile(0.95, sum by (${SERVER}, provider, le) (rate(mostro_push_event_to_push_seconds_bucket[10m]))) > 90`,
    for: '10m',
    severity: 'ticket',
    about: 'symptom',
    summary: 'one wake in twenty takes longer than the longest holding back, 65 s, explains',
    runbook: 'see which stage is slow on the dashboard of Grafana: held, queued, or the attempt itself',
  },
  {
    alert: 'MostroPushRecoveryIncomplete',
    expr: counted('mostro_push_relay_recoveries_total{outcome="incomplete"}', '1h', 3600),
    for: '0m',
    severity: 'ticket',
    about: 'cause',
    summary: 'a gap at a relay was not recovered in full: wakes may have been lost',
    runbook: 'relay.recovery_incomplete in the log names the relay, the stretch of time and the reason',
  },
  {
    alert: 'MostroPushNoEvents',
    expr: `sum by (${SERVER}) (increase(mostro_push_events_received_total[1h])) == 0 and on (${SERVER}) mostro_push_ready == 1`,
    for: '1h',
    severity: 'ticket',
    about: 'symptom',
    summary: 'relays are listened to and bring nothing, not even events for strangers',
    runbook: 'see with another client whether the relays get events of these kinds; add a busier relay',
  },
  {
    alert: 'MostroPushNearlyFull',
    expr: `sum by (${SERVER}) (mostro_push_registrations) / on (${SERVER}) mostro_push_registrations_limit > 0.9`,
    for: '10m',
    severity: 'ticket',
    about: 'cause',
    summary: 'nine tenths of MAX_REGISTRATIONS are taken',
    runbook:
      'raise MAX_REGISTRATIONS if memory allows; at the limit new keys take the place of ones that were never woken',
  },
  {
    alert: 'MostroPushLostWakes',
    expr: counted('mostro_push_wakes_turned_away_total', '15m', 900),
    for: '0m',
    severity: 'page',
    about: 'cause',
    summary: 'wakes cannot be sent because their push service has no credentials; STORE=memory loses them',
    runbook: 'set FIREBASE_SERVICE_ACCOUNT_PATH, or FCM_ENABLED=false so that apps can tell',
  },
  {
    alert: 'MostroPushStalls',
    expr: 'mostro_push_nodejs_eventloop_lag_p99_seconds > 0.5',
    for: '10m',
    severity: 'ticket',
    about: 'cause',
    summary: 'the program stands still for half a second at a time',
    runbook: 'see the machine: CPU taken by others, swapping, a slow disk under LOG_FILE',
  },
];

/**
 * Whether a counter went up lately. `increase` alone sees nothing where the first scrape of a series already has the count: an event in the
 * first seconds of a process, or the series of an older version that begins with its first event. Such a series counts as well, unless
 * the process is older than the stretch of time: then Prometheus itself is new, and the count may be old.
 */
function counted(counter: string, stretch: string, seconds: number): string {
  const isOld = `on (${SERVER}) time() - mostro_push_process_start_time_seconds > ${seconds}`;
  return `increase(${counter}[${stretch}]) > 0 or (${counter} > 0 unless ${counter} offset ${stretch} unless ${isOld})`;
}

/** All rules: {@link BEYOND_ALARMS}, and one for each alarm, in the words of the alarm. */
export const ALERT_RULES: readonly AlertRule[] = [
  ...BEYOND_ALARMS,
  ...Object.entries(ALARMS).map(([alarm, { level, remedy }]): AlertRule => ({
    alert: alertOf(alarm as AlarmName),
    expr: expressionOf(alarm as AlarmName),
    for: level === 'error' ? '1m' : '5m',
    severity: level === 'error' ? 'page' : 'ticket',
    about: SYMPTOMS.has(alarm as AlarmName) ? 'symptom' : 'cause',
    summary: alarm,
    runbook: remedy,
  })),
];

/** The failed attempts count for ten minutes, so also for some time after the alarm that says why they failed. */
function expressionOf(alarm: AlarmName): string {
  const expr = `mostro_push_alarm{alarm="${alarm}"} > 0`;
  if (alarm !== 'deliveries failing') return expr;
  const reasons = `max_over_time(mostro_push_alarm{alarm=~"${REASONS_TO_FAIL.join('|')}"}[15m]) > 0`;
  return `${expr} unless on (${SERVER}) ${reasons}`;
}

/** The name of the rule for an alarm. */
export function alertOf(alarm: AlarmName): string {
  const words = alarm.split(' ').map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  return `MostroPushAlarm${words.join('')}`;
}
