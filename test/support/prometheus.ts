import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { freePort } from './free-port.ts';
import { keep } from './keep.ts';
import { tempDirectory } from './temp-directory.ts';

const DEPLOYED = fileURLToPath(new URL('../../deploy/prometheus/', import.meta.url));

/** A program of Prometheus: `.ci/install-prometheus` puts it there; one that is installed does as well. */
function programOf(...names: string[]): string | undefined {
  const folders = [fileURLToPath(new URL('../../.tools', import.meta.url))].concat(
    (process.env['PATH'] ?? '').split(delimiter),
  );
  return folders
    .flatMap((folder) => names.map((name) => join(folder, name)))
    .find((candidate) => existsSync(candidate));
}

const [PROMTOOL, AMTOOL, PROMETHEUS] = ['promtool', 'amtool', 'prometheus'].map((name) => programOf(name));
const ALERTMANAGER = programOf('alertmanager', 'prometheus-alertmanager');

/** Whether there is a promtool to test with. */
export const hasPromtool = PROMTOOL !== undefined;
/** Whether there is an amtool to test with. */
export const hasAmtool = AMTOOL !== undefined;
/** Debian's Alertmanager does not start without its templates. */
const TEMPLATES = '/usr/share/prometheus/alertmanager';
/**
 * How long a minute of the shipped rules takes in a test, in milliseconds. With 60 000 everything is as it is shipped, the pace of the
 * scrapes too.
 */
export const MINUTE_MS = Number(process.env['ALERTS_MINUTE_MS'] ?? 0);
/** Whether a test watches with Prometheus and Alertmanager. That takes ten such minutes: `.ci/check-alerts` asks for it. */
export const isWatching =
  PROMETHEUS !== undefined && ALERTMANAGER !== undefined && existsSync(TEMPLATES) && MINUTE_MS > 0;

/** Runs promtool, Prometheus's own checker. @returns its exit code and output */
export function promtool(args: readonly string[], input = ''): Promise<{ code: number; said: string }> {
  return outcomeOf(PROMTOOL, args, input);
}

/** Runs amtool, Alertmanager's own checker. @returns its exit code and output */
export function amtool(args: readonly string[]): Promise<{ code: number; said: string }> {
  return outcomeOf(AMTOOL, args);
}

function outcomeOf(
  program: string | undefined,
  args: readonly string[],
  input = '',
): Promise<{ code: number; said: string }> {
  return new Promise((resolve) => {
    const child = execFile(program ?? '', [...args], (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), said: `${stdout}${stderr}` }),
    );
    child.stdin?.end(input);
  });
}

/** Names of alerts, by the server that they are about. */
export type AlertsByServer = Readonly<Record<string, readonly string[]>>;

/** Prometheus and Alertmanager with the files of `deploy/prometheus`, in which a minute takes {@link MINUTE_MS}. */
export interface Monitoring {
  /** The alerts that fire in Prometheus. */
  readonly firing: () => Promise<AlertsByServer>;
  /** The alerts that Alertmanager sends to a receiver, because no other alert stands for them. */
  readonly sent: (receiver: 'pages' | 'tickets') => Promise<AlertsByServer>;
  /** The alerts that have fired at any time since the start. */
  readonly everFired: () => Promise<AlertsByServer>;
}

/** @param servers the URLs of admin listeners, by name */
export async function startMonitoring(servers: Readonly<Record<string, string>>): Promise<Monitoring> {
  const directory = await tempDirectory();
  const [prometheus, alertmanager] = [await freePort(), await freePort()];
  const targets = Object.entries(servers).map(
    ([name, url]) =>
      `      - targets: ['${new URL(url).host}']\n        labels: { instance: '${name.replaceAll("'", "''")}' }\n`,
  );
  await deploy('rules.yml', directory, /for: \S+/g);
  await deploy('alertmanager.yml', directory, /(?:group_wait|group_interval): \S+/g);
  await deploy('prometheus.yml', directory, /(?:scrape|evaluation)_interval: \S+/g, [
    ["      - targets: ['127.0.0.1:9464']\n", targets.join('')],
    ["'127.0.0.1:9093'", `'127.0.0.1:${alertmanager}'`],
  ]);
  await run(
    ALERTMANAGER,
    ['--config.file=alertmanager.yml', '--storage.path=alertmanager', '--cluster.listen-address='],
    directory,
    alertmanager,
  );
  await run(
    PROMETHEUS,
    ['--config.file=prometheus.yml', '--storage.tsdb.path=prometheus'],
    directory,
    prometheus,
  );
  const query = async (expression: string): Promise<AlertsByServer> => {
    const url = `http://127.0.0.1:${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`;
    const { data } = (await (await fetch(url)).json()) as { data: { result: { metric: Labels }[] } };
    return byServer(data.result.map(({ metric }) => metric));
  };
  return {
    firing: () => query('ALERTS{alertstate="firing"}'),
    everFired: () => query('max_over_time(ALERTS{alertstate="firing"}[1h])'),
    sent: async (receiver) => {
      const url = `http://127.0.0.1:${alertmanager}/api/v2/alerts?inhibited=false&receiver=${receiver}`;
      return byServer(
        ((await (await fetch(url)).json()) as { labels: Labels }[]).map(({ labels }) => labels),
      );
    },
  };
}

interface Labels {
  readonly alertname: string;
  readonly instance: string;
}

function byServer(alerts: readonly Labels[]): AlertsByServer {
  const found: Record<string, string[]> = {};
  for (const { alertname, instance } of alerts.toSorted((a, b) => (a.alertname < b.alertname ? -1 : 1)))
    found[instance] = [...new Set([...(found[instance] ?? []), alertname])];
  return found;
}

/** Copies a file of `deploy/prometheus`, with shorter times and other addresses. */
async function deploy(
  name: string,
  directory: string,
  times: RegExp,
  replaced: readonly (readonly [string, string])[] = [],
): Promise<void> {
  let text = (await readFile(join(DEPLOYED, name), 'utf8')).replace(times, (line) =>
    line.replace(/(\d+)([smh])$/, (_, count: string, unit: 's' | 'm' | 'h') => {
      const minutes = Number(count) * { s: 1 / 60, m: 1, h: 60 }[unit];
      return `${Math.round(minutes * MINUTE_MS)}ms`;
    }),
  );
  for (const [from, to] of replaced) {
    if (!text.includes(from)) throw new Error(`${name} has no ${from}`);
    text = text.replace(from, to);
  }
  await writeFile(join(directory, name), text);
}

async function run(
  program: string | undefined,
  args: string[],
  directory: string,
  port: number,
): Promise<void> {
  const child = spawn(program ?? '', [...args, `--web.listen-address=127.0.0.1:${port}`], {
    cwd: directory,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  keep({ [Symbol.asyncDispose]: () => end(child) });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/Server is ready|Listening on/.test(said)) resolve();
    });
    child.once('error', reject);
    child.once('close', () => reject(new Error(`${program} did not start: ${said}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'close');
}
