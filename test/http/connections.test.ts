import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

import { describe, expect, onTestFinished, test } from 'vitest';

import { apiServer } from '../support/api-server.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

/** Connects from an address of the loopback network, and reads nothing until the test asks for it. */
async function open(url: string, localAddress = '127.0.0.1'): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), localAddress, allowHalfOpen: true });
  socket.on('error', () => undefined);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** A server whose answers wait a tenth of a second for a client that does not read. */
async function hastyServer(): Promise<TestServer> {
  return keep(await startTestServer({ requestTimeoutMs: 100 }));
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`;
const answersIn = (said: string): number => said.match(/HTTP\/1\.1 200 OK/g)?.length ?? 0;
const closedFor = (server: TestServer, reason: string): Promise<number> =>
  server.metric(`mostro_push_http_connections_closed_total{reason="${reason}"}`);

describe.each([
  ['the public listener', 'apiUrl', '/api/info', 32],
  ['the admin listener', 'adminUrl', '/health/live', 8],
] as const)('%s', (_, listener, path, most) => {
  test('a listener answers requests that come at once up to a bound, and closes a connection that sends more', async () => {
    const server = await apiServer();
    const socket = await open(server[listener]);
    socket.write(get(path).repeat(1000));
    const said = await text(socket);
    expect(answersIn(said)).toBe(most);
    expect(said.match(/connection: close/gi)).toHaveLength(1);
    expect(await closedFor(server, 'pipelined')).toBe(1);
  });

  test('a listener answers any number of requests that come no faster than their answers are read', async () => {
    const socket = await open((await apiServer())[listener]);
    let said = '';
    socket.setEncoding('utf8').on('data', (more: string) => (said += more));
    for (let n = 1; n <= 3 * most; n++) {
      socket.write(get(path));
      await expect.poll(() => answersIn(said), { interval: 1 }).toBe(n);
    }
  });

  test('a listener accepts connections of one address up to a bound, and then still those of another address', async () => {
    // So long that no connection ends by itself while the others are opened, on a busy machine too.
    const server = keep(await startTestServer({ requestTimeoutMs: 200_000 }));
    const places = listener === 'apiUrl' ? 1024 : 64;
    const sockets = await Promise.all(
      Array.from({ length: places }, () => open(server[listener], '127.0.0.2')),
    );
    const [first] = sockets;
    const refused = await open(server[listener], '127.0.0.2');
    expect(await text(refused).catch(() => 'reset')).toMatch(/^(?:reset)?$/);
    expect(await call(`${server[listener]}${path}`)).toMatchObject({ status: 200 });
    first?.end(get(path));
    expect(answersIn(await text(first as Socket))).toBe(1);
    // Now its place is free.
    await expect
      .poll(async () => {
        const next = await open(server[listener], '127.0.0.2');
        next.end(get(path));
        return answersIn(await text(next).catch(() => ''));
      })
      .toBe(1);
  });
});

test('a connection whose answers are not read is closed', async () => {
  const server = await hastyServer();
  const socket = await open(server.apiUrl);
  socket.pause();
  let isClosed = false;
  socket.on('close', () => (isClosed = true));
  // Until the kernel takes no more bytes: the description of the API has tens of kilobytes.
  const asking = setInterval(() => socket.write(get('/api/openapi.json')), 1);
  onTestFinished(() => clearInterval(asking));
  await expect.poll(() => isClosed || closedFor(server, 'unread').then((count) => count > 0)).toBe(true);
  expect(await call(`${server.apiUrl}/api/health`)).toMatchObject({ status: 200 });
});

test('behind a proxy the connections of one address have no bound, because all clients have the proxy’s address', async () => {
  const environment = { NOTIFY_TRUST_PROXY_HEADERS: 'true' };
  const server = keep(await startTestServer({ environment }));
  await Promise.all(Array.from({ length: 1100 }, () => open(server.apiUrl)));
  expect(await call(`${server.apiUrl}/api/health`)).toMatchObject({ status: 200 });
});

test.each([
  ['rubbish', 'rubbish\r\n\r\n', 400],
  ['for a tunnel', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
])('a client that asks %s, is refused and does not hang up is disconnected', async (_, bytes, status) => {
  // Long enough for the request to arrive in time on a busy machine.
  const server = keep(await startTestServer({ requestTimeoutMs: 2000 }));
  const socket = await open(server.apiUrl);
  let said = '';
  socket.setEncoding('utf8').on('data', (more: string) => (said += more));
  socket.write(bytes);
  await once(socket, 'end');
  expect(said).toContain(`HTTP/1.1 ${status} `);
  // The client's end stays open. A server that has closed the connection answers further bytes with a reset.
  const closed = new Promise<void>((resolve) => void socket.on('close', () => resolve()));
  const knocking = setInterval(() => socket.write('x'), 20);
  await closed;
  clearInterval(knocking);
});
