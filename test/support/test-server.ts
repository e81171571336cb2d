import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pino } from 'pino';
import { expect } from 'vitest';

import { App } from '../../src/app.ts';
import type { CompositionOptions, CompositionOverrides } from '../../src/compose/options.ts';
import { loadStartup } from '../../src/cli/load-startup.ts';
import { HOUR_MS } from '../../src/core/basics/clock.ts';
import { BUNDLED } from '../../src/crypto/curve-sources.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { createTelemetry } from '../../src/ops/telemetry.ts';
import { RELAY_TIMING } from '../../src/relay/connection/relay-timing.ts';
import { Arrivals } from '../../stand-ins/arrivals.ts';
import type { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import type { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { leaksIn } from './leak-watch.ts';
import { post, type Posted } from './http.ts';
import { countedSeries, readMetric } from './metrics-page.ts';
import { POLICY_UNDER_TEST, shortTimes } from './wake-policy.ts';

export interface TestServerOptions {
  readonly relays?: readonly RelayStandIn[];
  /** Google. Without it, FCM waits for credentials. It must be without TLS, because this process does not trust the certificates of stand-ins. */
  readonly google?: GoogleStandIn;
  readonly environment?: Readonly<Record<string, string>>;
  /** The version that the server names. */
  readonly version?: string;
  readonly clock?: CompositionOverrides['clock'];
  readonly relayTiming?: Partial<CompositionOverrides['relayTiming']>;
  readonly laneSizes?: CompositionOverrides['laneSizes'];
  readonly dnsServers?: CompositionOverrides['dnsServers'];
  readonly proxyTimeouts?: CompositionOverrides['proxyTimeouts'];
  readonly curves?: CompositionOptions['curves'];
  readonly requestTimeoutMs?: number;
}

/** The faults of a library are counted from when it is loaded, with 0. Tests load libraries of their own. */
const BORN_WHEN_LOADED = /^mostro_push_curve_faults_total/;

/** The number of level "info" in pino. */
const INFO = 30;

/** A line of the log: the log event and some of its fields. */
export interface LogLine {
  readonly msg: string;
  readonly reason?: string;
  readonly alarm?: string;
  readonly relay?: string;
}

export interface TestServer extends AsyncDisposable {
  readonly apiUrl: string;
  readonly adminUrl: string;
  readonly publicKey: string;
  readonly app: App;
  /** The log lines so far, without debug lines. */
  readonly log: Arrivals<LogLine>;
  /** Stops it before the test is over. */
  stop(): Promise<void>;
  /** The value of a metric by its full name and labels, as the metrics page shows them; 0 when it is not there. */
  metric(series: string): Promise<number>;
  /** Sends JSON to the public API. */
  post(path: string, body: unknown): Promise<Posted>;
}

/**
 * The real program, all but its command line, in the test's own process: configured by variables, speaking HTTP,
 * WebSocket and HTTP/2 over loopback, and listening on every relay by the time it is given out.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'mostro-push-'));
  const startup = await loadStartup(await environmentOf(options, directory), { createKey: true });
  const metrics = new Metrics();
  const log = new Arrivals<LogLine>();
  const said: string[] = [];
  const write = (line: string): void => {
    said.push(line);
    const read = JSON.parse(line) as LogLine & { level: number };
    if (read.level >= INFO) log.push(read);
  };
  const logger = pino({ level: 'trace' }, { write });
  const { serverKey, previousKey, serviceAccount, readServiceAccount, config } = startup;
  if (serverKey === undefined) throw new Error('the key was not made');
  const relayTiming = {
    ...RELAY_TIMING,
    reconnect: { baseMs: 20, maxMs: 200 },
    resubscribe: { baseMs: 20, maxMs: 200 },
    refused: { baseMs: 20, maxMs: 200 },
    authenticationTimeoutMs: 200,
    unverified: { baseMs: 20, maxMs: 200 },
    eoseLingerMs: 20,
    nextPage: { baseMs: 20, maxMs: 200 },
    penalty: { baseMs: 20, maxMs: 200 },
    // A check asks once more for live events, and many tests count the requests.
    placeCheckMs: HOUR_MS,
    // A busy machine stands still, and what is asked then is not what most tests are about.
    audit: { ...RELAY_TIMING.audit, standstillMs: Infinity, burstEvents: Infinity },
    ...options.relayTiming,
  };
  const app = new App(
    {
      version: options.version ?? '0.0.0-test',
      config: { ...config, policies: { ...config.policies, ...shortTimes(options.environment) } },
      serverKey,
      previousKey,
      serviceAccount,
      readServiceAccount,
      telemetry: createTelemetry(logger, metrics),
      metrics,
      curves: options.curves ?? BUNDLED,
      logFile: undefined,
      logOutput: undefined,
      logErrorOutput: undefined,
    },
    {
      clock: options.clock,
      relayTiming,
      requestTimeoutMs: options.requestTimeoutMs,
      alarmTickMs: 200,
      laneSizes: options.laneSizes,
      dnsServers: options.dnsServers,
      proxyTimeouts: options.proxyTimeouts,
    },
  );
  const { apiAddress, adminAddress = '' } = await app.start();
  await Promise.all((options.relays ?? []).map((relay) => untilWatched(relay, config.relays.kinds)));
  let stopped: Promise<void> | undefined;
  const bornWith = countedSeries(await new Metrics().text());
  const bornLate: string[] = [];
  const stop = async (): Promise<void> => {
    if (adminAddress !== '') {
      const [metricsPage = '', ...others] = await adminPages(adminAddress);
      said.push(metricsPage, ...others);
      bornLate.push(
        ...[...countedSeries(metricsPage)].filter(
          (series) => !bornWith.has(series) && !BORN_WHEN_LOADED.test(series),
        ),
      );
    }
    await app.stop();
  };
  return {
    apiUrl: apiAddress,
    adminUrl: adminAddress,
    publicKey: serverKey.publicKeyHex,
    app,
    log,
    metric: async (series) => readMetric(await (await fetch(`${adminAddress}/metrics`)).text(), series),
    post: (path, body) => post(`${apiAddress}${path}`, body),
    stop: () => (stopped ??= stop()),
    async [Symbol.asyncDispose]() {
      await (stopped ??= stop());
      await rm(directory, { recursive: true, force: true });
      // So every test that starts a server also checks that its log and admin pages name no one.
      expect(leaksIn(said.join('\n'), [serverKey.publicKeyHex])).toEqual([]);
      // And that no counter begins above 0, where Prometheus sees no increase.
      expect(bornLate).toEqual([]);
    },
  };
}

/** Everything that the admin listener answers without the admin token. */
async function adminPages(adminUrl: string): Promise<string[]> {
  const paths = ['/metrics', '/dashboard.json', '/health/ready', '/health/live', '/trace', '/nothing'];
  return Promise.all(paths.map(async (path) => (await fetch(`${adminUrl}${path}`)).text()));
}

async function environmentOf(options: TestServerOptions, directory: string): Promise<Record<string, string>> {
  const { relays = [], google, environment } = options;
  return {
    // Nothing listens on this port. A server without a reachable relay keeps trying, as it should.
    NOSTR_RELAYS: relays.map(({ url }) => url).join(',') || 'ws://127.0.0.1:9',
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: '0',
    ADMIN_PORT: '0',
    DATA_DIR: directory,
    UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
    // All clients of a test have the same address.
    RATE_LIMIT_PER_MINUTE: '1000000',
    // No coalescing, so every event causes its own wake. Retries come after some milliseconds.
    BATCH_DELAY_MS: '0',
    COOLDOWN_MS: '0',
    RETRY_MIN_MS: '10',
    RETRY_BASE_MS: '10',
    ...POLICY_UNDER_TEST,
    ...(google && {
      FCM_BASE_URL: google.baseUrl,
      FIREBASE_SERVICE_ACCOUNT_PATH: await google.writeServiceAccount(directory),
    }),
    ...environment,
  };
}

async function untilWatched(relay: RelayStandIn, kinds: readonly number[]): Promise<void> {
  await Promise.all(kinds.map((kind) => relay.subscribed(kind)));
}
