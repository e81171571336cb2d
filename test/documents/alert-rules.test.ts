import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { ALARMS } from '../../src/core/watch/alarms.ts';
import { ALERT_RULES, type AlertRule } from '../../tools/alert-rules.ts';
import { wordsOf } from '../../tools/render-alert-rules.ts';
import { ALERT_CASES, INCOMPLETE, LOST, STARTED, type AlertCase } from '../support/alert-cases.ts';
import { hasPromtool, promtool } from '../support/prometheus.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const RULES = fileURLToPath(new URL('../../deploy/prometheus/rules.yml', import.meta.url));

/** A server beside it that never has an alert. It shows the metrics that the case is about. */
const HEALTHY: Readonly<Record<string, string>> = {
  up: '1x300',
  mostro_push_ready: '1x300',
  [STARTED]: '0x300',
  [LOST]: '0x300',
  [INCOMPLETE]: '0x300',
  mostro_push_nodejs_eventloop_lag_p99_seconds: '0.02x300',
  'mostro_push_events_received_total{kind="1059"}': '0+3x300',
  'mostro_push_registrations{platform="android"}': '20x300',
  mostro_push_registrations_limit: '100x300',
  ...Object.fromEntries(Object.keys(ALARMS).map((alarm) => [`mostro_push_alarm{alarm="${alarm}"}`, '0x300'])),
};

function healthy(series: AlertCase['series']): Record<string, string> {
  const metrics = new Set(Object.keys(series).map(metricOf));
  return Object.fromEntries(Object.entries(HEALTHY).filter(([name]) => metrics.has(metricOf(name))));
}

function metricOf(name: string): string {
  return name.split('{')[0] ?? '';
}

function at(instance: string, series: Readonly<Record<string, string>>): object[] {
  return Object.entries(series).map(([name, values]) => {
    const [metric = '', others = ''] = name.split(/[{}]/);
    const labels = ['job="mostro-push"', `instance="${instance}"`, ...(others === '' ? [] : [others])];
    return { series: `${metric}{${labels.join(',')}}`, values };
  });
}

function expectedOf({ alert, labels = {} }: AlertCase): object {
  const rule = ALERT_RULES.find((each) => each.alert === alert) as AlertRule;
  const { annotations, labels: own } = wordsOf(rule);
  const summary = annotations['summary']?.replace('{{ $labels.instance }}', 'ailing:9464');
  return {
    exp_labels: { job: 'mostro-push', instance: 'ailing:9464', ...own, ...labels },
    exp_annotations: { ...annotations, summary },
  };
}

function testOf(cases: readonly AlertCase[]): object {
  const series = Object.assign({}, ...cases.map((each) => each.series)) as AlertCase['series'];
  return {
    name: cases.map(({ alert, when }) => `${alert}: ${when}`).join('; '),
    interval: '1m',
    input_series: [...at('ailing:9464', series), ...at('healthy:9464', healthy(series))],
    alert_rule_test: cases.flatMap((each) => [
      ...each.fires.map((minute) => question(each.alert, minute, [expectedOf(each)])),
      ...each.quiet.map((minute) => question(each.alert, minute, [])),
    ]),
  };
}

function question(alertname: string, minute: number, alerts: readonly object[]): object {
  return { eval_time: `${minute}m`, alertname, exp_alerts: alerts };
}

test('every alert rule has a case in which it fires and one in which it does not', () => {
  for (const { alert } of ALERT_RULES) {
    const cases = ALERT_CASES.filter((each) => each.alert === alert);
    expect([alert, cases.some(({ fires }) => fires.length > 0)]).toEqual([alert, true]);
    expect([alert, cases.some(({ quiet }) => quiet.length > 0)]).toEqual([alert, true]);
  }
});

test.skipIf(!hasPromtool)(
  'every alert rule fires when it should and never otherwise, for the one server that is ailing, by promtool (.ci/install-prometheus)',
  async () => {
    // Alarms share a test, since each test costs promtool a database. Their labels tell them apart.
    const together = new Map<string, AlertCase[]>();
    for (const each of ALERT_CASES) {
      const name = each.labels?.['alarm'] === undefined ? `${each.alert} ${each.when}` : each.when;
      together.set(name, [...(together.get(name) ?? []), each]);
    }
    const tests = [...together.values()].map(testOf);
    const file = join(await tempDirectory(), 'rules.test.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
    const { code, said } = await promtool(['test', 'rules', file]);
    expect(said).not.toContain('FAILED');
    expect(code).toBe(0);
  },
);
