import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { HIDDEN, WrongHosts, type WrongHandshake } from '../../stand-ins/wrong-handshakes.ts';
import { HANDSHAKE_WORDS } from '../support/handshake-words.ts';
import { keep } from '../support/keep.ts';
import { outcome } from '../support/program.ts';
import { relayLines, type RelayLine } from '../support/relay-lines.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type LogLine, type TestServer } from '../support/test-server.ts';

/** Dialled once. */
const SELDOM = { baseMs: 1, maxMs: 1, minMs: 3_600_000 };
/** A relay that is lost for so long is an alarm. */
const UNTIL_ALARM_MS = 6000;

const MUTE: WrongHandshake = 'says nothing';
const AT_ONCE = HANDSHAKE_WORDS.filter(([what]) => what !== MUTE);
/** The certificates of these hosts must be trusted, and that is possible for a process of its own alone. */
const IN_PROCESS = AT_ONCE.filter(([what]) => !WrongHosts.needsTrust(what));

interface Said {
  readonly log: LogLine & { readonly message?: string };
  readonly status: RelayLine;
  readonly alarm: { readonly reason?: string; readonly remedy?: string };
}

/** What the log, the status and the alarms of a server say of the relay at this URL. */
async function saidOf({ adminUrl, apiUrl, log }: TestServer, url: string): Promise<Said> {
  const { host } = new URL(url);
  const ready = (await (await fetch(`${adminUrl}/health/ready`)).json()) as {
    alarms: (Said['alarm'] & { readonly alarm: string; readonly relay?: string })[];
  };
  const lines = await relayLines({ apiUrl });
  return {
    log: log.all.find(({ msg, relay }) => msg === 'relay.lost' && relay === host) as LogLine,
    status: lines.find((line) => line.url === url) as RelayLine,
    alarm: ready.alarms.find(({ alarm, relay }) => alarm === 'relay unreachable' && relay === host) ?? {},
  };
}

/** The words of a row. Where no DNS server answers, they are others. */
function expected(what: WrongHandshake, said: string | undefined, reason: string, remedy: string) {
  return what === 'has no name in the DNS' && said?.startsWith('EAI_AGAIN') === true
    ? { what, reason: 'EAI_AGAIN: the DNS does not answer', remedy: 'check the DNS of this machine' }
    : { what, reason, remedy };
}

describe('of a relay that fails at the handshake', () => {
  let hosts: WrongHosts;
  let server: TestServer;
  let aheadMs = 0;

  beforeAll(async () => {
    hosts = await WrongHosts.start(AT_ONCE.map(([what]) => what));
    server = await startTestServer({
      environment: { NOSTR_RELAYS: hosts.urls.map((url) => `${url}/${HIDDEN}`).join(',') },
      relayTiming: { reconnect: SELDOM, reconnectAloneMs: SELDOM.minMs },
      clock: () => Date.now() + aheadMs,
    });
    await server.log.atLeast(AT_ONCE.length, { where: ({ msg }) => msg === 'relay.lost' });
    aheadMs = UNTIL_ALARM_MS;
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await hosts[Symbol.asyncDispose]();
  });

  test.each(IN_PROCESS)('which %s, the log, the status and the alarm say "%s"', async (what, ...words) => {
    const { alarm, log, status } = await saidOf(server, hosts.url(what));
    const { reason, remedy } = expected(what, log.reason, ...words);
    expect(log).toMatchObject({ reason, message: remedy });
    expect(status).toMatchObject({ state: 'waiting', problem: reason, remedy });
    expect(alarm).toMatchObject({ reason, remedy });
  });

  test('neither the log nor the status nor readiness shows a path, a page, a query or a password', async () => {
    const pages = [
      `${server.apiUrl}/api/status`,
      `${server.adminUrl}/health/ready`,
      `${server.adminUrl}/dashboard.json`,
    ];
    const texts = await Promise.all(pages.map(async (page) => (await fetch(page)).text()));
    for (const text of [JSON.stringify(server.log.all), ...texts]) expect(text).not.toContain(HIDDEN);
  });
});

test('of a relay that says nothing to a handshake, the log, the status and the alarm say that the time is over', async () => {
  const hosts = keep(await WrongHosts.start([MUTE]));
  let aheadMs = 0;
  const server = keep(
    await startTestServer({
      environment: { NOSTR_RELAYS: hosts.urls.join(',') },
      relayTiming: { reconnect: SELDOM, reconnectAloneMs: SELDOM.minMs, handshakeTimeoutMs: 50 },
      clock: () => Date.now() + aheadMs,
    }),
  );
  await server.log.atLeast(1, { where: ({ msg }) => msg === 'relay.lost' });
  aheadMs = UNTIL_ALARM_MS;
  const { alarm, log, status } = await saidOf(server, hosts.url(MUTE));
  const [, reason, remedy] = HANDSHAKE_WORDS.find(([what]) => what === MUTE) ?? [];
  expect(log).toMatchObject({ reason, message: remedy });
  expect(status).toMatchObject({ problem: reason, remedy });
  expect(alarm).toMatchObject({ reason, remedy });
});

test('doctor says why each relay fails at the handshake, and what helps, without a path, a page, a query or a password', async () => {
  const hosts = keep(await WrongHosts.start(AT_ONCE.map(([what]) => what)));
  const trusted = join(await tempDirectory(), 'trusted.pem');
  await writeFile(trusted, hosts.trusted.join('\n'));
  const { stdout } = await outcome(['doctor'], {
    NOSTR_RELAYS: hosts.urls.map((url) => `${url}/${HIDDEN}`).join(','),
    NODE_EXTRA_CA_CERTS: trusted,
    FCM_ENABLED: 'false',
    SERVER_PORT: '0',
    ADMIN_PORT: '0',
  });
  const said = AT_ONCE.map(([what]) => {
    const { host } = new URL(hosts.url(what));
    const lines = `^WARNING {2}relay unreachable: ${host} was not reached \\((.*)\\)\\.\n +-> (.*)$`;
    const [, reason = '', remedy] = new RegExp(lines, 'm').exec(stdout) ?? [];
    return { what, reason, remedy };
  });
  const words = AT_ONCE.map(([what, ...rest], n) => expected(what, said[n]?.reason, ...rest));
  expect(said).toEqual(words);
  expect(stdout).not.toContain(HIDDEN);
});

test.each(HANDSHAKE_WORDS)('docs/listening.md has what is said of a relay that %s', (_, reason, remedy) => {
  const page = readFileSync(new URL('../../docs/listening.md', import.meta.url), 'utf8');
  const meaning = reason.slice(reason.indexOf(': '));
  const rows = page.split('\n').filter((line) => line.includes(`${meaning}\``));
  expect(rows.join('\n')).toContain(remedy);
});

const waits: readonly [what: WrongHandshake, waitMs: number][] = [
  ['answers 429, to wait 86 s', 86_000],
  ['answers 503, to wait until 2099', 3_600_000],
];
test.each(waits)('a relay that %s is dialled again after %d ms, an hour at most', async (what, waitMs) => {
  const hosts = keep(await WrongHosts.start([what]));
  const server = keep(await startTestServer({ environment: { NOSTR_RELAYS: hosts.urls.join(',') } }));
  const [line] = await server.log.atLeast(1, { where: ({ msg }) => msg === 'relay.lost' });
  expect(line).toMatchObject({ waitMs });
});
