import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

import { expect, test } from 'vitest';

import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { selfSignedCertificate } from '../../stand-ins/self-signed-certificate.ts';
import { keep } from '../support/keep.ts';
import { relayLines } from '../support/relay-lines.ts';
import { startTestServer } from '../support/test-server.ts';

/** Dialled once. */
const SELDOM = { baseMs: 1, maxMs: 1, minMs: 3_600_000 };

/** A web server in the place of a relay. @returns its port */
async function serverThat(answer: RequestListener): Promise<number> {
  return keep(await LoopbackServer.listen(createServer(answer))).port;
}

async function tlsServer(): Promise<number> {
  const server = createTlsServer(await selfSignedCertificate(), (_, response) => response.end());
  return keep(await LoopbackServer.listen(server)).port;
}

const answering = (status: number, headers: Record<string, string> = {}): Promise<number> =>
  serverThat((_, response) => response.writeHead(status, headers).end('<html>secret</html>'));

test.each<[string, () => Promise<string>, RegExp, RegExp]>([
  ['401', async () => `ws://127.0.0.1:${await answering(401)}`, /^HTTP 401: /, /user:password@host/],
  ['403', async () => `ws://127.0.0.1:${await answering(403)}`, /^HTTP 403: /, /admit the address/],
  ['404', async () => `ws://127.0.0.1:${await answering(404)}`, /^HTTP 404: /, /path/],
  ['429', async () => `ws://127.0.0.1:${await answering(429)}`, /^HTTP 429: /, /waits as long/],
  ['503', async () => `ws://127.0.0.1:${await answering(503)}`, /^HTTP 503: /, /down, or overloaded/],
  ['200', async () => `ws://127.0.0.1:${await answering(200)}`, /^HTTP 200: no relay/, /web page/],
  [
    '308',
    async () => `ws://127.0.0.1:${await answering(308, { location: 'wss://new.example/secret?key=1' })}`,
    /^HTTP 308: the relay has moved to new\.example$/,
    /new URL/,
  ],
  ['a certificate of nobody', async () => `wss://127.0.0.1:${await tlsServer()}`, /SELF_SIGNED/, /EXTRA_CA/],
  ['no TLS', async () => `wss://127.0.0.1:${await answering(200)}`, /does not speak TLS/, /ws:/],
  ['no DNS', async () => 'ws://relay.invalid', /^(?:ENOTFOUND|EAI_AGAIN): /, /DNS/],
])(
  'a handshake that fails by %s is explained in the status and, with its remedy, in the log',
  async (_, start, reason, remedy) => {
    const url = await start();
    const environment = { NOSTR_RELAYS: `${url}/hidden` };
    const server = keep(await startTestServer({ environment, relayTiming: { reconnect: SELDOM } }));
    const [line] = await server.log.atLeast(1, { where: ({ msg }) => msg === 'relay.lost' });
    expect(line).toMatchObject({
      relay: new URL(url).host,
      reason: expect.stringMatching(reason),
      message: expect.stringMatching(remedy),
    });
    expect(await relayLines(server)).toMatchObject([{ url, state: 'waiting', problem: line?.['reason'] }]);
    expect(JSON.stringify(line)).not.toMatch(/secret|hidden|key=/);
  },
);

test.each([
  ['429', 429],
  ['503', 503],
])('a relay that answers %s is not dialled again before the time that it names', async (_, status) => {
  const port = await answering(status, { 'retry-after': '86' });
  const environment = { NOSTR_RELAYS: `ws://127.0.0.1:${port}` };
  const server = keep(await startTestServer({ environment }));
  const [line] = await server.log.atLeast(1, { where: ({ msg }) => msg === 'relay.lost' });
  expect(line).toMatchObject({ waitMs: 86_000 });
});

test('a relay that asks to be left alone for a month is dialled again after an hour', async () => {
  const port = await answering(429, { 'retry-after': '2592000' });
  const server = keep(await startTestServer({ environment: { NOSTR_RELAYS: `ws://127.0.0.1:${port}` } }));
  const [line] = await server.log.atLeast(1, { where: ({ msg }) => msg === 'relay.lost' });
  expect(line).toMatchObject({ waitMs: 3_600_000 });
});
