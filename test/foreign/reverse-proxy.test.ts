import { Agent, request, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

import { describe, expect, test } from 'vitest';

import { TcpProxy } from '../../stand-ins/tcp-proxy.ts';
import { freshKey } from '../support/api-server.ts';
import { call, postJson } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { CADDY, NGINX, type ReverseProxy } from '../support/reverse-proxy.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const TOO_LARGE = '{"success":false,"message":"Request body too large"}';
const LIMIT = 16 * 1024;
/** Five registrations at once. */
const RATE = { RATE_LIMIT_PER_MINUTE: '6' };

interface Place {
  readonly server: TestServer;
  /** Between the reverse proxy and the server. */
  readonly between: TcpProxy;
  readonly url: string;
}

async function behind(proxy: ReverseProxy, environment: Record<string, string>): Promise<Place> {
  const server = keep(await startTestServer({ environment: { ...RATE, ...environment } }));
  const between = keep(await TcpProxy.start(Number(new URL(server.apiUrl).port)));
  return { server, between, url: await proxy.start(between.port) };
}

/** Registers from an address of the loopback network. @returns the status of the answer */
async function register(
  url: string,
  localAddress: string,
  headers: object = {},
): Promise<number | undefined> {
  const body = JSON.stringify({ trade_pubkey: freshKey(), token: 'a'.repeat(20), platform: 'android' });
  const outgoing = request(`${url}/api/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    localAddress,
    agent: false,
  });
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  await text(answer);
  return answer.statusCode;
}

for (const proxy of [NGINX, CADDY]) {
  describe.skipIf(!proxy.isInstalled)(
    `behind ${proxy.name}, with the file of deploy/ (.ci/install-proxies unpacks it)`,
    () => {
      test('each client has a limit of its own, whatever it writes into headers', async () => {
        const { server, url } = await behind(proxy, { NOTIFY_TRUST_PROXY_HEADERS: 'true' });
        const forged = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' };
        for (let n = 0; n < 5; n++) expect(await register(url, '127.0.0.1', forged)).toBe(200);
        expect(await register(url, '127.0.0.1', { 'x-forwarded-for': '203.0.113.10' })).toBe(429);
        expect(await register(url, '127.0.0.1', { forwarded: 'for=203.0.113.11' })).toBe(429);
        expect(await register(url, '127.0.0.2')).toBe(200);
        expect((await call(`${server.adminUrl}/health/ready`)).text).not.toContain('proxy headers');
      });

      test('a body of over 16 KiB is 413 in the words of the API, and one of 16 KiB is read', async () => {
        const { url } = await behind(proxy, { NOTIFY_TRUST_PROXY_HEADERS: 'true' });
        for (const bytes of [LIMIT + 1, 20_000, 300_000]) {
          const body = 'x'.repeat(bytes);
          for (const sent of [body, [body.slice(0, 10_000), body.slice(10_000)]] as const) {
            const answer = await postJson(`${url}/api/notify`, sent);
            expect([bytes, answer.status, answer.text]).toEqual([bytes, 413, TOO_LARGE]);
            expect(answer.headers['content-type']).toBe('application/json');
          }
        }
        const key = freshKey();
        const exact = `{"trade_pubkey":"${key}"}`.padEnd(LIMIT);
        expect(await postJson(`${url}/api/notify`, exact)).toMatchObject({ status: 202 });
      });

      test('an idle connection is closed by the proxy and never by the server', async () => {
        const { between, url } = await behind(proxy, { NOTIFY_TRUST_PROXY_HEADERS: 'true' });
        expect(await call(`${url}/api/health`)).toMatchObject({ status: 200 });
        expect(await between.ends.atLeast(1)).toEqual(['client']);
        expect(await register(url, '127.0.0.1')).toBe(200);
      });

      test('whose headers are not believed, all clients share one limit, and an alarm says so', async () => {
        const { server, url } = await behind(proxy, {});
        for (let n = 1; n <= 5; n++) expect(await register(url, `127.0.0.${n}`)).toBe(200);
        expect(await register(url, '127.0.0.6')).toBe(429);
        expect((await call(`${server.adminUrl}/health/ready`)).text).toContain('proxy headers ignored');
        await server.log.atLeast(1, { where: ({ alarm }) => alarm === 'proxy headers ignored' });
      });
    },
  );
}

test('the server keeps idle connections longer than a reverse proxy does', async () => {
  const server = keep(await startTestServer());
  const agent = new Agent({ keepAlive: true });
  keep({ [Symbol.asyncDispose]: async () => agent.destroy() });
  const [answer] = (await once(request(`${server.apiUrl}/api/health`, { agent }).end(), 'response')) as [
    IncomingMessage,
  ];
  await text(answer);
  const [, seconds] = /^timeout=(\d+)$/.exec(String(answer.headers['keep-alive'])) ?? [];
  // Caddy's default is the longest of them.
  expect(Number(seconds)).toBeGreaterThan(120);
});
