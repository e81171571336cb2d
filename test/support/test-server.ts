import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pino } from 'pino';
import { expect } from 'vitest';

import { App } from '../../src/app.ts';
import type { CompositionOptions, CompositionOverrides } from '../../src/compose/options.ts';
import { loadStartup } from '../../src/cli/load-startup.ts';
import { BUNDLED } from '../../src/crypto/curve-sources.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { createTelemetry } from '../../src/ops/telemetry.ts';
import { RELAY_TIMING } from '../../src/relay/connection/relay-timing.ts';
import { Arrivals } from '../../stand-ins/arrivals.ts';
import type { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import type { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { leaksIn } from './leak-watch.ts';
import { post, type Posted } from './http.ts';
import { readMetric } from './metrics-page.ts';

export interface TestServerOptions {
  readonly relays?: readonly RelayStandIn[];
  /** Without it FCM waits for credentials. Must be one without TLS: the test's own process trusts no stand-in. */
  readonly google?: GoogleStandIn;
  readonly environment?: Readonly<Record<string, string>>;
  /** What it calls itself. */
  readonly version?: string;
  readonly clock?: CompositionOverrides['clock'];
  readonly relayTiming?: Partial<CompositionOverrides['relayTiming']>;
  readonly laneSizes?: CompositionOverrides['laneSizes'];
  readonly dnsServers?: CompositionOverrides['dnsServers'];
  readonly curves?: CompositionOptions['curves'];
  readonly requestTimeoutMs?: number;
}

/** Pino's number for it. */
const INFO = 30;

/** A line of the log: what happened, by its name, and the fields. */
export interface LogLine {
  readonly msg: string;
  readonly reason?: string;
  readonly alarm?: string;
}

export interface TestServer extends AsyncDisposable {
  readonly apiUrl: string;
  readonly adminUrl: string;
  readonly publicKey: string;
  readonly app: App;
  /** What it has logged, but for debug lines. */
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
    ...options.relayTiming,
  };
  const app = new App(
    {
      version: options.version ?? '0.0.0-test',
      config,
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
    },
  );
  const { apiAddress, adminAddress = '' } = await app.start();
  await Promise.all((options.relays ?? []).map((relay) => untilWatched(relay, config.relays.kinds)));
  let stopped: Promise<void> | undefined;
  const stop = async (): Promise<void> => {
    if (adminAddress !== '') said.push(...(await adminPages(adminAddress)));
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
      // Every test that boots a server is a test of this too.
      expect(leaksIn(said.join('\n'), [serverKey.publicKeyHex])).toEqual([]);
    },
  };
}

/** All that the operator's listener says without the admin token. */
async function adminPages(adminUrl: string): Promise<string[]> {
  const paths = ['/metrics', '/dashboard.json', '/health/ready', '/health/live', '/trace', '/nothing'];
  return Promise.all(paths.map(async (path) => (await fetch(`${adminUrl}${path}`)).text()));
}

async function environmentOf(options: TestServerOptions, directory: string): Promise<Record<string, string>> {
  const { relays = [], google, environment } = options;
  return {
    // A port that nothing listens on: a server without relays keeps trying, which is what it should do.
    NOSTR_RELAYS: relays.map(({ url }) => url).join(',') || 'ws://127.0.0.1:9',
    SERVER_HOST: '127.0.0.1',
    SERVER_PORT: '0',
    ADMIN_PORT: '0',
    DATA_DIR: directory,
    UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
    // Every client of a test has one address.
    RATE_LIMIT_PER_MINUTE: '1000000',
    // Every event is answered by a wake of its own, and retries take no time worth waiting for.
    BATCH_DELAY_MS: '0',
    COOLDOWN_MS: '0',
    RETRY_MIN_MS: '10',
    RETRY_BASE_MS: '10',
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
