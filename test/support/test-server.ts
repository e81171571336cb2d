import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pino } from 'pino';

import { App } from '../../src/app.ts';
import type { CompositionParts } from '../../src/composition.ts';
import { loadStartup } from '../../src/cli/load-startup.ts';
import { Metrics } from '../../src/ops/metrics.ts';
import { createTelemetry } from '../../src/ops/telemetry.ts';
import { RELAY_TIMING } from '../../src/relay/relay-timing.ts';
import type { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import type { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';

export interface TestServerOptions {
  readonly relays?: readonly RelayStandIn[];
  /** Without it FCM waits for credentials. Must be one without TLS: the test's own process trusts no stand-in. */
  readonly google?: GoogleStandIn;
  readonly environment?: Readonly<Record<string, string>>;
  readonly clock?: CompositionParts['clock'];
  readonly relayTiming?: Partial<CompositionParts['relayTiming']>;
}

export interface TestServer extends AsyncDisposable {
  readonly apiUrl: string;
  readonly adminUrl: string;
  readonly publicKey: string;
  readonly app: App;
  /** The value of a metric by its full name and labels, as the metrics page shows them; 0 when it is not there. */
  metric(series: string): Promise<number>;
  /** Sends JSON to the public API. */
  post(path: string, body: unknown): Promise<{ status: number; body: unknown; text: string }>;
}

/**
 * The real program, all but its command line, in the test's own process: configured by variables, speaking HTTP,
 * WebSocket and HTTP/2 over loopback, and listening on every relay by the time it is given out.
 */
export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = await mkdtemp(join(tmpdir(), 'mostro-push-'));
  const startup = await loadStartup(await environmentOf(options, directory), { createKey: true });
  const metrics = new Metrics();
  const { serverKey, serviceAccount, config } = startup;
  if (serverKey === undefined) throw new Error('the key was not made');
  const relayTiming = {
    ...RELAY_TIMING,
    reconnect: { baseMs: 20, maxMs: 200 },
    resubscribe: { baseMs: 20, maxMs: 200 },
    refused: { baseMs: 20, maxMs: 200 },
    authenticationTimeoutMs: 200,
    nextPage: { baseMs: 20, maxMs: 200 },
    penalty: { baseMs: 20, maxMs: 200 },
    ...options.relayTiming,
  };
  const app = new App({
    version: '0.0.0-test',
    config,
    serverKey,
    serviceAccount,
    telemetry: createTelemetry(pino({ level: 'silent' }), metrics),
    metrics,
    relayTiming,
    ...(options.clock && { clock: options.clock }),
  });
  const { apiAddress, adminAddress = '' } = await app.start();
  await Promise.all((options.relays ?? []).map((relay) => untilWatched(relay, config.relays.kinds)));
  return {
    apiUrl: apiAddress,
    adminUrl: adminAddress,
    publicKey: serverKey.publicKeyHex,
    app,
    metric: async (series) => readMetric(await (await fetch(`${adminAddress}/metrics`)).text(), series),
    post: (path, body) => post(`${apiAddress}${path}`, body),
    async [Symbol.asyncDispose]() {
      await app.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
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

async function post(url: string, body: unknown): Promise<{ status: number; body: unknown; text: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text), text };
}

function readMetric(page: string, series: string): number {
  const line = page.split('\n').find((candidate) => candidate.startsWith(`${series} `));
  return line === undefined ? 0 : Number(line.slice(series.length + 1));
}
