import { readFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';

import { expect, test, vi } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { hasFullDevice, TEN_FAILURES } from '../support/ailing-servers.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { isWatching, MINUTE_MS, startMonitoring, type AlertsByServer } from '../support/prometheus.ts';
import { registeredPhone } from '../support/scene.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

/** A row of the table in docs/operations.md. */
interface Row {
  readonly failure: string;
  readonly fire: readonly string[];
  readonly sent: string;
}

async function documented(): Promise<Row[]> {
  const page = await readFile(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('### Ten failures, and the alerts of each\n');
  const [table = ''] = section.split('\n## ');
  return [...table.matchAll(/^\| `(.+?)` +\|[^|]*\| (.+?) +\| (page|ticket): `(.+?)`/gm)].map(
    ([, failure = '', fire = '', kind, sent]) => ({
      failure,
      fire: [...fire.matchAll(/`(.+?)`/g)].map(([, name = '']) => `MostroPush${name}`).toSorted(),
      sent: `${kind} MostroPush${sent}`,
    }),
  );
}

/** The program of its own process, with a relay and Google. */
async function healthy() {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start({ tls: false }))];
  const running = await serve({ NOSTR_RELAYS: relay.url, ...(await googleEnvironment(google)) });
  await relay.subscribed(1059);
  const phone = await registeredPhone({ name: 'phone', kind: 'android', serverUrl: running.apiUrl });
  relay.broadcast(eventFor([phone.tradePubkey]));
  await google.pushes.atLeast(1);
  return running;
}

async function noRelay(): Promise<TestServer> {
  const google = keep(await GoogleStandIn.start({ tls: false }));
  return keep(await startTestServer({ google }));
}

async function withoutCredentials(): Promise<{ adminUrl: string; wake: () => void }> {
  const relay = keep(await RelayStandIn.start());
  const { adminUrl, apiUrl } = keep(await startTestServer({ relays: [relay] }));
  const phone = await registeredPhone({ name: 'phone', kind: 'android', serverUrl: apiUrl });
  return { adminUrl, wake: () => relay.broadcast(eventFor([phone.tradePubkey])) };
}

test.skipIf(!isWatching || !hasFullDevice)(
  'a real Prometheus raises the alerts of the table in docs/operations.md for each failure and no other, a real Alertmanager sends one of them, and a healthy server has none for ten minutes (.ci/check-alerts)',
  async () => {
    const rows = await documented();
    const [ended, working, relayless, uncredited, ...ailing] = await Promise.all([
      healthy(),
      healthy(),
      noRelay(),
      withoutCredentials(),
      ...Object.entries(TEN_FAILURES).map(async ([name, ail]) => [name, await ail()] as const),
    ]);
    const servers = {
      ...Object.fromEntries(ailing.map(([name, { adminUrl }]) => [name, adminUrl])),
      'the process has ended': ended.adminUrl,
      'no relay': relayless.adminUrl,
      'first wake without credentials': uncredited.adminUrl,
      healthy: working.adminUrl,
    };
    expect(rows.map(({ failure }) => failure).toSorted()).toEqual(
      Object.keys(servers)
        .filter((name) => name !== 'healthy')
        .toSorted(),
    );
    const startedAt = Date.now();
    const { everFired, firing, sent } = await startMonitoring(servers);
    const [, full] = ailing.find(([name]) => name === 'queue full') ?? [];
    const slow = setInterval(() => void full?.wake().catch(() => undefined), 5000);
    keep({ [Symbol.asyncDispose]: async () => clearInterval(slow) });
    ended.program.kill('SIGKILL');
    uncredited.wake();
    const patience = { timeout: PATIENCE_MS + 12 * MINUTE_MS, interval: 200 };
    await vi.waitFor(async () => expect(await firing()).toEqual(expectedToFire(rows)), patience);
    await vi.waitFor(
      async () =>
        expect({ pages: await sent('pages'), tickets: await sent('tickets') }).toEqual(sentOf(rows)),
      patience,
    );
    await setTimeout(Math.max(0, startedAt + 10 * MINUTE_MS - Date.now()));
    await vi.waitFor(async () => expect(await firing()).toEqual(expectedToFire(rows)), patience);
    // Only a machine that is too busy to answer one scrape for two short minutes may have called it down.
    expect(((await everFired())['healthy'] ?? []).filter((alert) => alert !== 'MostroPushDown')).toEqual([]);
  },
  4 * PATIENCE_MS + 40 * MINUTE_MS,
);

function expectedToFire(rows: readonly Row[]): AlertsByServer {
  return Object.fromEntries(rows.map(({ failure, fire }) => [failure, fire]));
}

function sentOf(rows: readonly Row[]): Record<'pages' | 'tickets', AlertsByServer> {
  const to = (kind: string): AlertsByServer =>
    Object.fromEntries(
      rows
        .map(({ failure, sent }) => [failure, sent.split(' ')] as const)
        .filter(([, [is]]) => is === kind)
        .map(([failure, [, alert = '']]) => [failure, [alert]]),
    );
  return { pages: to('page'), tickets: to('ticket') };
}
