import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { VARIABLES } from '../../src/config/variables.ts';
import { ALARMS } from '../../src/core/watch/alarms.ts';
import { GAUGES, HISTOGRAMS } from '../../src/core/telemetry/measures.ts';
import { COUNTERS } from '../../src/core/telemetry/counters.ts';
import { call } from '../support/http.ts';
import { amtool, hasAmtool, hasPromtool, promtool } from '../support/prometheus.ts';
import { ALERT_RULES } from '../../tools/alert-rules.ts';
import { renderAlertRules } from '../../tools/render-alert-rules.ts';
import { GRAFANA_QUERIES } from '../../tools/render-grafana.ts';
import { setScene } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const textOf = (path: string): Promise<string> => readFile(fileAt(path), 'utf8');

const OURS = new Set([
  ...Object.keys(COUNTERS).map((name) => `${name}_total`),
  ...Object.keys(GAUGES),
  ...Object.keys(HISTOGRAMS).map((name) => `${name}_bucket`),
]);

/** The metrics in an expression that the server does not have and that are not of Node or the process. */
function unknownIn(expression: string): string[] {
  const names = [...expression.matchAll(/mostro_push_(\w+)/g)].map(([, name = '']) => name);
  return names.filter((name) => !OURS.has(name) && !/^(?:nodejs|process)_/.test(name));
}

test('every alarm has an alert rule, in the same words and with its remedy', async () => {
  const rules = (await textOf('deploy/prometheus/rules.yml')).replaceAll("''", "'");
  for (const [alarm, { remedy }] of Object.entries(ALARMS)) {
    expect(rules).toContain(`mostro_push_alarm{alarm="${alarm}"} > 0`);
    expect(rules).toContain(remedy);
  }
});

test('the example for Alertmanager names no alert that there is not', async () => {
  const text = await textOf('deploy/prometheus/alertmanager.yml');
  const names = [...text.matchAll(/alertname!?=~?"(.+?)"/g)].flatMap(([, name = '']) => {
    const [, stem = name, endings] = /^(.*)\((.*)\)$/.exec(name) ?? [];
    return endings === undefined ? [stem] : endings.split('|').map((ending) => `${stem}${ending}`);
  });
  const known = new Set(['MostroPush.+', ...ALERT_RULES.map(({ alert }) => alert)]);
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !known.has(name))).toEqual([]);
});

test('rules and dashboards ask for no metric that the server does not have', () => {
  expect(unknownIn('mostro_push_nonsense > 0')).toEqual(['nonsense']);
  expect([renderAlertRules(), ...GRAFANA_QUERIES].flatMap(unknownIn)).toEqual([]);
});

test('every panel of the dashboard has a place of its own, a query and a source that is asked for', async () => {
  const { panels, templating } = JSON.parse(await textOf('deploy/grafana/mostro-push.json')) as {
    panels: { id: number; gridPos: Record<'h' | 'w' | 'x' | 'y', number>; targets: { expr: string }[] }[];
    templating: { list: { name: string; type: string }[] };
  };
  expect(templating.list).toMatchObject([
    { name: 'datasource', type: 'datasource' },
    { name: 'instance', type: 'query', multi: true, includeAll: true },
  ]);
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { h, w, x, y } }) =>
    Array.from({ length: h * w }, (_, n) => `${x + (n % w)} ${y + Math.floor(n / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  for (const { targets } of panels) {
    expect(targets.length).toBeGreaterThan(0);
    // Every figure is of the servers that were chosen.
    for (const { expr } of targets)
      expect(expr.match(/mostro_push_\w+/g)).toHaveLength(expr.split('{instance=~"$instance"').length - 1);
  }
});

describe.skipIf(!hasPromtool)('promtool (.ci/install-prometheus)', () => {
  test('promtool takes the metrics of a server that has woken a phone, without a remark', async () => {
    const { relay, google, server, phone } = await setScene();
    relay.broadcast(eventFor([(await phone()).tradePubkey]));
    await google.pushes.atLeast(1);
    const { text } = await call(`${server.adminUrl}/metrics`);
    expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' });
    const bad = await promtool(['check', 'metrics'], '# HELP x_total x\n# TYPE x_total gauge\nx_total 1\n');
    expect(bad.code).not.toBe(0);
  });

  test('promtool takes the alert rules', async () => {
    const { code, said } = await promtool(['check', 'rules', fileAt('deploy/prometheus/rules.yml')]);
    expect(said).toContain('rules found');
    expect(code).toBe(0);
  });

  test('promtool takes the scrape configuration, with the rules that it names', async () => {
    const { code, said } = await promtool(['check', 'config', fileAt('deploy/prometheus/prometheus.yml')]);
    expect(said).toContain('1 rule files found');
    expect(code).toBe(0);
  });

  test.skipIf(!hasAmtool)('amtool takes the example for Alertmanager', async () => {
    const file = fileAt('deploy/prometheus/alertmanager.yml');
    expect(await amtool(['check-config', file])).toMatchObject({ code: 0 });
  });

  test('promtool takes every query of the dashboard for Grafana', async () => {
    const rules = GRAFANA_QUERIES.map((expr, n) => ({ record: `query:${n}`, expr }));
    const file = join(await tempDirectory(), 'queries.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ groups: [{ name: 'queries', rules }] }));
    expect(await promtool(['check', 'rules', file])).toMatchObject({ code: 0 });
  });
});

test('the image can hold no secret: of this folder only what is named gets to the engine, and the environment has none', async () => {
  const rules = (await textOf('.dockerignore'))
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  expect(rules[0]).toBe('*');
  const allowed = rules.filter((rule) => rule.startsWith('!')).map((rule) => rule.slice(1));
  expect(allowed.toSorted()).toEqual(
    [
      '.npmrc',
      'docs/openapi.json',
      'package-lock.json',
      'package.json',
      'src',
      'tools/build.mjs',
      'tsconfig.build.json',
      'tsconfig.json',
    ].toSorted(),
  );
  expect(await textOf('Dockerfile')).not.toMatch(/PRIVATE|SECRET|TOKEN|service-account/i);
});

test('the image runs Node 22 as a user without rights, and asks the program itself for its health', async () => {
  const file = await textOf('Dockerfile');
  expect([...file.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image)).toEqual(['${BASE}', '${BASE}']);
  expect(file).toMatch(/^ARG BASE=docker\.io\/library\/node:22-bookworm-slim$/m);
  expect(file).toMatch(/^USER 1000:1000$/m);
  expect(file).toMatch(/^HEALTHCHECK .*CMD \["mostro-push", "healthcheck"\]$/m);
  expect(file).toMatch(/^ENTRYPOINT \["node", .*"\/app\/dist\/main\.js"\]$/m);
});

test('the image has the name of the project, and its service that of the brief; nothing but the volume can be written to', async () => {
  const compose = await textOf('docker-compose.yml');
  for (const line of [
    '  push-backend:',
    '    image: mostro-push-server',
    '    read_only: true',
    '      - data:/data',
  ])
    expect(compose.split('\n')).toContain(line);
  expect(compose).toMatch(/cap_drop:\n\s+- ALL\n\s+security_opt:\n\s+- no-new-privileges:true/);
});

test('the systemd unit has the name of the command, and answers to its old one; it does not start again what cannot start', async () => {
  const unit = await textOf('deploy/mostro-push.service');
  expect(unit).toContain('Environment=LOG_FILE=/var/log/mostro-push/app.log');
  expect(unit).toMatch(/^Alias=mostro-push-backend.service$/m);
  expect(unit).toContain('RestartPreventExitStatus=64 78');
  expect(unit).toMatch(/^User=mostro-push$/m);
});

test('the systemd unit, Compose and Fly keep registrations over a restart; the unit is for a proxy on its machine', async () => {
  const unit = await textOf('deploy/mostro-push.service');
  for (const line of ['Environment=STORE=file', 'Environment=SERVER_HOST=127.0.0.1'])
    expect(unit.split('\n')).toContain(line);
  expect((await textOf('docker-compose.yml')).split('\n')).toContain('      STORE: file');
  expect((await textOf('fly.toml')).split('\n')).toContain('STORE = "file"');
});

test('systemd waits until the server serves, watches its event loop, and bounds its memory', async () => {
  const unit = (await textOf('deploy/mostro-push.service')).split('\n');
  for (const line of ['Type=notify', 'WatchdogSec=30', 'MemoryMax=2G', 'LimitNOFILE=65536'])
    expect(unit).toContain(line);
});

test('the systemd unit allows what a listener asks for: Node looks at the network interfaces by AF_NETLINK', async () => {
  const unit = await textOf('deploy/mostro-push.service');
  expect(/^RestrictAddressFamilies=(.*)$/m.exec(unit)?.[1]?.split(' ')).toContain('AF_NETLINK');
});

test('a crash under the systemd unit or in the service leaves no core dump, which would hold keys', async () => {
  const unit = await textOf('deploy/mostro-push.service');
  expect([...unit.matchAll(/^LimitCORE=(.*)$/gm)].map(([, limit]) => limit)).toEqual(['0']);
  const compose = await textOf('docker-compose.yml');
  expect(compose).toMatch(/^ {4}ulimits:\n {6}core: 0$/m);
});

test('the systemd unit starts the server again where a SIGHUP ends it, which systemd takes for a clean end', async () => {
  const unit = await textOf('deploy/mostro-push.service');
  expect(unit).toMatch(/^RestartForceExitStatus=SIGHUP$/m);
});

test('the workflow of a release pins every action by its commit, and each of its scripts is there and can be run', async () => {
  const workflow = await textOf('.github/workflows/release.yml');
  const actions = [...workflow.matchAll(/uses: (\S+)/g)].map(([, action = '']) => action);
  expect(actions.length).toBeGreaterThan(0);
  expect(actions.filter((action) => !/^actions\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
  const scripts = [...workflow.matchAll(/\.ci\/[\w/-]+/g)].map(([script]) => script);
  expect(new Set(scripts).size).toBeGreaterThan(5);
  for (const script of scripts) await access(fileAt(script), constants.X_OK);
});

test('the manifest for Kubernetes is one server that ends before the next one starts, without rights, and with its data on a volume', async () => {
  const lines = (await textOf('deploy/kubernetes/mostro-push.yaml')).split('\n').map((line) => line.trim());
  for (const line of [
    'replicas: 1',
    'type: Recreate',
    'runAsNonRoot: true',
    'readOnlyRootFilesystem: true',
    'allowPrivilegeEscalation: false',
    'drop: [ALL]',
    'type: RuntimeDefault',
    'automountServiceAccountToken: false',
    'claimName: mostro-push',
    'mountPath: /data',
  ])
    expect(lines).toContain(line);
  // Longer than SHUTDOWN_TIMEOUT_SECONDS.
  expect(lines).toContain('terminationGracePeriodSeconds: 20');
  expect(lines.filter((line) => line.startsWith('path: '))).toEqual(Array(3).fill('path: /api/health'));
});

test('the manifest for Kubernetes sets variables that the program takes, and its keys come from a Secret', async () => {
  const manifest = await textOf('deploy/kubernetes/mostro-push.yaml');
  const pairs = [...manifest.matchAll(/- name: ([A-Z_]+)\n\s+value: '?([^'\n]*)'?/g)];
  const environment = Object.fromEntries(pairs.map(([, name = '', value = '']) => [name, value]));
  expect(environment).toMatchObject({ STORE: 'file', DATA_DIR: '/data' });
  const known: readonly string[] = Object.keys(VARIABLES);
  expect(Object.keys(environment).filter((name) => !known.includes(name))).toEqual([]);
  expect(Object.keys(environment).filter((name) => /KEY|SECRET|ACCOUNT/.test(name))).toEqual([]);
  expect(manifest).toMatch(/envFrom:\n(?:\s+#.*\n)?\s+- secretRef:\n\s+name: mostro-push\n/);
});
