import { expect, test } from 'vitest';

import { countsOf, freshKey } from '../support/api-server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { call, type HttpAnswer } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const LIMITED = { status: 429, text: '{"success":false,"message":"rate limited"}' };
const clock = new FakeClock();

interface From {
  readonly address?: string;
  readonly header?: string;
  readonly path?: string;
  readonly key?: string;
  readonly body?: string;
}

async function serverWith(environment: Record<string, string> = {}): Promise<TestServer> {
  const defaults = { RATE_LIMIT_PER_MINUTE: '60', NOTIFY_TRUST_PROXY_HEADERS: 'true' };
  return keep(await startTestServer({ environment: { ...defaults, ...environment }, clock: clock.read }));
}

function ask(server: TestServer, from: From = {}): Promise<HttpAnswer> {
  const { address, header = 'x-forwarded-for', path = '/api/register', key = freshKey(), body } = from;
  return call(`${server.apiUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(address !== undefined && { [header]: address }) },
    body: body ?? JSON.stringify({ trade_pubkey: key, token: 'a-token', platform: 'android' }),
  });
}

/** How many requests pass before the first 429. @param most after which it stops */
async function allowed(server: TestServer, from: From | ((n: number) => From), most = 400): Promise<number> {
  for (let n = 0; n < most; n++) {
    const { status } = await ask(server, typeof from === 'function' ? from(n) : from);
    if (status === 429) return n;
    expect([200, 202, 400]).toContain(status);
  }
  return most;
}

test('register and unregister may be called fifty times at once and sixty times a minute, together, from one address; then each is 429 until a second has passed', async () => {
  const server = await serverWith();
  const from = { address: '192.0.2.1' };
  expect(
    await allowed(server, (n) => ({ ...from, path: n % 2 === 0 ? '/api/register' : '/api/unregister' })),
  ).toBe(50);
  for (const path of ['/api/register', '/api/unregister']) {
    const answer = await ask(server, { ...from, path });
    expect(answer).toMatchObject(LIMITED);
    expect(answer.headers['retry-after']).toBe('1');
  }
  expect(await countsOf(server)).toContain('"total":25');
  clock.advance(1000);
  expect(await allowed(server, from)).toBe(1);
  clock.advance(60_000);
  expect(await allowed(server, from)).toBe(50);
});

test('register and unregister have the configured limit, and the 429 says how long to wait', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '2' });
  const from = { address: '192.0.2.2' };
  expect(await allowed(server, from)).toBe(2);
  expect((await ask(server, from)).headers['retry-after']).toBe('30');
  clock.advance(29_999);
  expect((await ask(server, from)).headers['retry-after']).toBe('1');
  clock.advance(1);
  expect(await allowed(server, from)).toBe(1);
});

test('register and unregister count every request, also a wrong one', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '5' });
  const bodies = ['{', '{}', '[]', 'null', '"x"'];
  expect(await allowed(server, (n) => ({ address: '192.0.2.3', body: bodies[n % 5] ?? '' }))).toBe(5);
});

test('register and unregister are refused before the body is read: a large one is 429 and not 413', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '1' });
  await ask(server);
  expect(await ask(server, { body: 'x'.repeat(100_000) })).toMatchObject(LIMITED);
});

test('register and unregister at their limit do not limit any other route', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '1' });
  await ask(server);
  expect(await ask(server)).toMatchObject(LIMITED);
  for (const path of ['/api/health', '/api/info', '/api/status', '/api/openapi.json']) {
    const answers = await Promise.all(Array.from({ length: 100 }, () => call(`${server.apiUrl}${path}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  }
  expect((await ask(server, { path: '/api/notify' })).status).toBe(202);
});

test('notify may be called thirty times at once from one address, and twice a second after', async () => {
  const server = await serverWith();
  const from = { path: '/api/notify', address: '192.0.2.4' };
  expect(await allowed(server, from)).toBe(30);
  clock.advance(500);
  expect(await allowed(server, from)).toBe(1);
  clock.advance(60_000);
  expect(await allowed(server, from)).toBe(30);
});

test('notify may be called ten times at once for one key, in any case, and every two seconds after', async () => {
  const server = await serverWith();
  const key = freshKey();
  const from = (n: number): From => ({
    path: '/api/notify',
    address: `198.51.100.${n}`,
    key: n % 2 === 0 ? key : key.toUpperCase(),
  });
  expect(await allowed(server, from)).toBe(10);
  expect((await ask(server, from(99))).headers['retry-after']).toBe('2');
  clock.advance(2000);
  expect(await allowed(server, (n) => from(n + 100))).toBe(1);
  expect(await allowed(server, { path: '/api/notify', address: '198.51.100.250' })).toBe(30);
});

test('notify has the configured limits', async () => {
  const server = await serverWith({ NOTIFY_RATE_PER_PUBKEY_PER_MIN: '1', NOTIFY_RATE_PER_IP_PER_MIN: '1' });
  const path = '/api/notify';
  expect(await allowed(server, { path, address: '192.0.2.5' })).toBe(30);
  const key = freshKey();
  expect(await allowed(server, (n) => ({ path, key, address: `198.51.100.${n}` }))).toBe(10);
  expect((await ask(server, { path, key, address: '203.0.113.1' })).headers['retry-after']).toBe('60');
});

test('the address of a client is an IPv6 /64; its /48 has ten times and its /32 a hundred times the allowance', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '3' });
  expect(await allowed(server, (n) => ({ address: `2001:db8:1:1::${n}` }))).toBe(3);
  expect(await allowed(server, (n) => ({ address: `2001:db8:1:${n + 2}::1` }))).toBe(27);
  expect(await allowed(server, (n) => ({ address: `2001:db8:${(n + 2).toString(16)}::1` }))).toBe(270);
  expect(await allowed(server, { address: '2001:db9::1' })).toBe(3);
});

test('the address of a client is IPv4 also if it is mapped into IPv6', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '4' });
  const spellings = ['192.0.2.6', '::ffff:192.0.2.6', '::ffff:c000:206', '192.0.2.6:999'];
  expect(await allowed(server, (n) => ({ address: spellings[n % 4] ?? '' }))).toBe(4);
});

test('the address of a client is the rightmost of X-Forwarded-For: what a client writes before it changes nothing', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '3' });
  expect(await allowed(server, (n) => ({ address: `203.0.113.${n}, 192.0.2.7` }))).toBe(3);
  expect(await allowed(server, { address: '192.0.2.7, 203.0.113.1' })).toBe(3);
});

test('the address of a client is the address of the socket if the header is not valid, so that no client escapes the limit', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '6' });
  const invalid = [undefined, '', 'unknown', '1.2.3', '192.0.2.1, x', '::g'];
  const from = (n: number): From => {
    const address = invalid[n % invalid.length];
    return address === undefined ? {} : { address };
  };
  expect(await allowed(server, from)).toBe(5);
});

test('the address of a client on Fly.io is in Fly-Client-IP, and X-Forwarded-For is ignored', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '3', FLY_APP_NAME: 'push' });
  const header = 'fly-client-ip';
  expect(await allowed(server, { header, address: '192.0.2.8' })).toBe(3);
  expect(await allowed(server, { header, address: '192.0.2.9' })).toBe(3);
  expect(await allowed(server, (n) => ({ address: `203.0.113.${n}` }))).toBe(3);
});

test('the address of a client is never taken from a header unless proxies are trusted; such headers are counted, with one warning', async () => {
  const server = await serverWith({ RATE_LIMIT_PER_MINUTE: '3', NOTIFY_TRUST_PROXY_HEADERS: 'false' });
  expect(await allowed(server, (n) => ({ address: `203.0.113.${n}` }))).toBe(3);
  expect((await ask(server, { header: 'fly-client-ip', address: '203.0.113.9' })).status).toBe(429);
  const warnings = server.log.all.filter(({ msg }) => msg === 'http.proxy_headers_ignored');
  expect(warnings).toHaveLength(1);
  expect(await server.metric('mostro_push_http_proxy_headers_ignored_total')).toBe(5);
  expect(JSON.stringify(server.log.all)).not.toContain('203.0.113');
  // The test is on the server's own machine, as a proxy would be.
  const ready = await call(`${server.adminUrl}/health/ready`);
  const { alarms } = JSON.parse(ready.text) as { alarms: object[] };
  expect(alarms).toContainEqual(expect.objectContaining({ alarm: 'proxy headers ignored', level: 'warn' }));
});

test('the address of a client in a trusted header causes no warning', async () => {
  const server = await serverWith({ NOTIFY_TRUST_PROXY_HEADERS: '', TRUST_PROXY: 'true' });
  await ask(server, { address: '203.0.113.1' });
  expect(server.log.all.filter(({ msg }) => msg === 'http.proxy_headers_ignored')).toEqual([]);
});
