import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';

import { expect, test } from 'vitest';

import { apiServer, freshKey } from '../support/api-server.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

async function open({ apiUrl }: TestServer): Promise<Socket> {
  const { hostname, port } = new URL(apiUrl);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** A server that gives each request a tenth of a second. */
async function hastyServer(): Promise<TestServer> {
  return keep(await startTestServer({ requestTimeoutMs: 100 }));
}

const HEAD =
  'POST /api/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n';

test.each([
  ['to say anything', ''],
  ['with the head', 'POST /api/register HTT'],
  ['with the body', `${HEAD}\r\n{"trade_`],
])('a client that is too slow %s gets a 408 and is disconnected', async (_, bytes) => {
  const socket = await open(await hastyServer());
  socket.write(bytes);
  const answer = await text(socket);
  expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  expect(answer).toContain('\r\n\r\n{"success":false,"message":"Request timeout"}');
});

test('a hundred slow clients do not delay the answer to the next client', async () => {
  const server = await apiServer();
  const sockets = await Promise.all(Array.from({ length: 100 }, () => open(server)));
  for (const socket of sockets) socket.write(HEAD);
  expect((await call(`${server.apiUrl}/api/health`)).status).toBe(200);
  for (const socket of sockets) socket.destroy();
});

test('a client that closes its sending direction after its requests gets every answer', async () => {
  const server = await apiServer();
  const body = JSON.stringify({ trade_pubkey: freshKey(), token: 'a-token', platform: 'android' });
  const request = `${HEAD.replace('100', String(body.length))}\r\n${body}`;
  const socket = await open(server);
  socket.end(request.repeat(5));
  const answers = await text(socket);
  expect(answers.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(5);
});

test('a client that closes its sending direction within a request gets a 400', async () => {
  const socket = await open(await apiServer());
  socket.end(`${HEAD}\r\n{"trade_`);
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
});

test.each([
  ['a request without a Host', 'GET /api/health HTTP/1.1\r\n\r\n', 400, 'Bad request'],
  ['a request for a tunnel', 'CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'Method not allowed'],
])('%s is answered in JSON, and not with Node’s own text', async (_, bytes, status, message) => {
  const socket = await open(await apiServer());
  socket.end(bytes);
  const [head = '', body] = (await text(socket)).split('\r\n\r\n');
  expect(head).toContain(`HTTP/1.1 ${status} `);
  expect(body).toBe(`{"success":false,"message":"${message}"}`);
});

test('a request of HTTP/1.0 needs no Host', async () => {
  const socket = await open(await apiServer());
  socket.end('GET /api/health HTTP/1.0\r\n\r\n');
  expect(await text(socket)).toContain('{"status":"ok"}');
});

test.each(['something-else', '200-maybe'])(
  'a client with an unknown Expect header (%s) gets a normal answer',
  async (expectation) => {
    const { apiUrl } = await apiServer();
    const answer = await call(`${apiUrl}/api/health`, { headers: { expect: expectation } });
    expect(answer).toMatchObject({ status: 200, text: '{"status":"ok"}' });
  },
);

test('a client that sends Expect: 100-continue gets the 100 before its answer and not within it, also behind other requests', async () => {
  const server = await apiServer();
  const socket = await open(server);
  const wrong = 'PUT /api/register HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n';
  socket.end(wrong.repeat(3));
  const answers = (await text(socket)).split(/(?=HTTP\/1\.1 )/);
  expect(answers.map((answer) => answer.slice(9, 12))).toEqual(['100', '405', '100', '405', '100', '405']);
  for (const answer of answers.filter((_, n) => n % 2 === 1))
    expect(answer).toContain('\r\n\r\n{"success":false,"message":"Method not allowed"}');
});
