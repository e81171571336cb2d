import { ALARMS, type AlarmName } from '../../src/core/watch/alarms.ts';
import { alertOf } from '../../tools/alert-rules.ts';

/** The series that one server shows, minute by minute from minute 0, in promtool's notation, and when the alert fires. */
export interface AlertCase {
  readonly alert: string;
  readonly when: string;
  readonly series: Readonly<Record<string, string>>;
  /** Minutes at which the alert fires, and minutes at which it does not. */
  readonly fires: readonly number[];
  readonly quiet: readonly number[];
  /** Labels of the alert besides those of every alert. */
  readonly labels?: Readonly<Record<string, string>>;
}

export const LOST = 'mostro_push_wakes_turned_away_total{provider="fcm"}';
export const INCOMPLETE = 'mostro_push_relay_recoveries_total{outcome="incomplete"}';
export const STARTED = 'mostro_push_process_start_time_seconds';
const BUCKET = 'mostro_push_event_to_push_seconds_bucket';

/** An outage that has an alert of its own, and the failed attempts of it, which count for ten minutes. */
const EXPLAINED: AlertCase = {
  alert: alertOf('deliveries failing'),
  when: 'attempts have failed because FCM was down',
  series: {
    'mostro_push_alarm{alarm="FCM down"}': '0 1x5 0x40',
    'mostro_push_alarm{alarm="deliveries failing"}': '0 0 1x40',
  },
  fires: [30],
  quiet: [5, 10, 20],
  labels: { alarm: 'deliveries failing' },
};

export const ALERT_CASES: readonly AlertCase[] = [
  {
    alert: 'MostroPushDown',
    when: 'no scrape succeeds for two minutes',
    series: { up: '1 0x5 1x5' },
    fires: [3, 5],
    quiet: [2, 7],
  },
  {
    alert: 'MostroPushNotReady',
    when: 'the server is not ready for two minutes',
    series: { mostro_push_ready: '1 0x5 1x5' },
    fires: [3, 5],
    quiet: [2, 7],
  },
  {
    alert: 'MostroPushRestarting',
    when: 'the process has started five times',
    series: { [STARTED]: '10 20 30 40 50x40' },
    fires: [4, 20],
    quiet: [3, 40],
  },
  {
    alert: 'MostroPushSlow',
    when: 'all wakes take one to two minutes',
    series: {
      [`${BUCKET}{provider="fcm",le="60"}`]: '0x40',
      [`${BUCKET}{provider="fcm",le="120"}`]: '0+1x40',
      [`${BUCKET}{provider="fcm",le="+Inf"}`]: '0+1x40',
    },
    fires: [15],
    quiet: [9],
    labels: { provider: 'fcm' },
  },
  {
    alert: 'MostroPushSlow',
    when: 'all wakes take less than a minute',
    series: {
      [`${BUCKET}{provider="fcm",le="60"}`]: '0+1x40',
      [`${BUCKET}{provider="fcm",le="120"}`]: '0+1x40',
      [`${BUCKET}{provider="fcm",le="+Inf"}`]: '0+1x40',
    },
    fires: [],
    quiet: [15, 30],
  },
  ...counted('MostroPushRecoveryIncomplete', INCOMPLETE, 60, { outcome: 'incomplete' }),
  ...counted('MostroPushLostWakes', LOST, 15, { provider: 'fcm' }),
  {
    alert: 'MostroPushNoEvents',
    when: 'relays that are listened to bring nothing for an hour',
    series: {
      'mostro_push_events_received_total{kind="1059"}': '7x70 7+1x70',
      'mostro_push_events_received_total{kind="14"}': '0x140',
      mostro_push_ready: '1x140',
    },
    fires: [62, 70],
    quiet: [59, 80],
  },
  {
    alert: 'MostroPushNoEvents',
    when: 'no relay is listened to, which is another alert',
    series: {
      'mostro_push_events_received_total{kind="1059"}': '7x140',
      mostro_push_ready: '0x140',
    },
    fires: [],
    quiet: [70, 130],
  },
  {
    alert: 'MostroPushNearlyFull',
    when: '95 of 100 registrations are taken',
    series: {
      'mostro_push_registrations{platform="android"}': '50x30',
      'mostro_push_registrations{platform="ios"}': '0x4 45x26',
      mostro_push_registrations_limit: '100x30',
    },
    fires: [15],
    quiet: [4, 14],
  },
  {
    alert: 'MostroPushStalls',
    when: 'the event loop stands still for 0.6 s',
    series: { mostro_push_nodejs_eventloop_lag_p99_seconds: '0.01x2 0.6x15 0.01x5' },
    fires: [13, 18],
    quiet: [12, 19],
  },
  EXPLAINED,
  ...(Object.keys(ALARMS) as AlarmName[]).flatMap(ofAlarm),
];

/** A counter that goes up is an alert at once, for so many minutes, also if its series is only now born. */
function counted(
  alert: string,
  counter: string,
  minutes: number,
  labels: Readonly<Record<string, string>>,
): AlertCase[] {
  return [
    {
      alert,
      when: 'a series that was 0 goes to 1',
      series: { [counter]: `0 0 0 1x${minutes * 3}`, [STARTED]: `0x${minutes * 3}` },
      fires: [3, minutes + 1],
      quiet: [2, minutes + 3],
      labels,
    },
    {
      alert,
      when: 'the first scrape of a new process already has a 1',
      series: { [counter]: `_ _ _ 1x${minutes * 3}`, [STARTED]: `_ _ _ 170x${minutes * 3}` },
      fires: [3, minutes + 1],
      quiet: [2, minutes + 3],
      labels,
    },
    {
      alert,
      when: 'a series is born with a 1, and nothing tells how old the process is',
      series: { [counter]: `_ _ _ 1x${minutes * 3}` },
      fires: [3, minutes + 1],
      quiet: [2, minutes + 3],
      labels,
    },
    {
      alert,
      when: 'a restarted process counts from 0 to 1 between two scrapes',
      series: { [counter]: `1x${minutes * 2} 0 1x${minutes}`, [STARTED]: `0x${minutes * 2} 1000x${minutes}` },
      fires: [minutes * 2 + 2],
      quiet: [minutes * 2],
      labels,
    },
    {
      alert,
      when: 'a new Prometheus finds an old count',
      series: {
        [counter]: `_x${minutes + 4} 1x${minutes}`,
        [STARTED]: `_x${minutes + 4} 0x${minutes}`,
      },
      fires: [],
      quiet: [minutes + 5, minutes + 10],
      labels,
    },
  ];
}

function ofAlarm(alarm: AlarmName): AlertCase[] {
  const [name, minutes] = [`mostro_push_alarm{alarm="${alarm}"}`, ALARMS[alarm].level === 'error' ? 1 : 5];
  // Other alarms would explain this one.
  const alone = alarm === 'deliveries failing' ? ', alone' : '';
  const common = { alert: alertOf(alarm), labels: { alarm } };
  return [
    {
      ...common,
      when: `the alarm stands${alone}`,
      series: { [name]: '0 0 1x9 0x5' },
      fires: [2 + minutes, 11],
      quiet: [1 + minutes, 12],
    },
    {
      ...common,
      when: `the alarm stands from the first scrape on${alone}`,
      series: { [name]: '_ _ 2x9 0x5' },
      fires: [2 + minutes],
      quiet: [1 + minutes],
    },
  ];
}
