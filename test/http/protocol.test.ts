import { expect, test } from 'vitest';

import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { call, overTcp, postJson } from '../support/http.ts';

const JSON_TYPE = { 'content-type': 'application/json' };
const refusal = (status: number, message: string): object => ({
  status,
  headers: JSON_TYPE,
  text: `{"success":false,"message":"${message}"}`,
});
const BAD_KEY = refusal(400, 'Invalid trade_pubkey format (expected 64 hex characters)');
const TOO_LARGE = refusal(413, 'Request body too large');
const LIMIT = 16 * 1024;

/** A registration of exactly so many bytes. */
function bodyOf(bytes: number): string {
  const body = { trade_pubkey: freshKey(), token: 'a-token', platform: 'ios', filler: '' };
  return JSON.stringify({ ...body, filler: 'x'.repeat(bytes - JSON.stringify(body).length) });
}

const inChunks = (bytes: number): string[] => bodyOf(bytes).match(/.{1,1000}/g) ?? [];

test.each([
  ['GET', '/'],
  ['GET', '/api'],
  ['GET', '/api/healthy'],
  ['GET', '/api/health/x'],
  ['GET', '/api/../etc/passwd'],
  ['GET', '/metrics'],
  ['POST', '/api/registers'],
  ['DELETE', '/'],
  ['OPTIONS', '/nothing'],
])('%s %s, which the API does not have, is 404', async (method, path) => {
  const { apiUrl } = await apiServer();
  expect(await call(`${apiUrl}${path}`, { method })).toMatchObject(refusal(404, 'Not found'));
});

test.each([
  ['POST', '/api/health', 'GET'],
  ['DELETE', '/api/info', 'GET'],
  ['PUT', '/api/status?x=1', 'GET'],
  ['GET', '/api/register', 'POST'],
  ['PUT', '/api/register', 'POST'],
  ['OPTIONS', '/api/register', 'POST'],
  ['GET', '/api/unregister', 'POST'],
])('%s %s is 405 and names the allowed methods: %s', async (method, path, allowed) => {
  const { apiUrl } = await apiServer();
  const answer = await call(`${apiUrl}${path}`, { method });
  expect(answer).toMatchObject(refusal(405, 'Method not allowed'));
  expect(answer.headers.allow?.split(', ')).toContain(allowed);
});

test.each([
  undefined,
  'text/plain',
  'application/x-www-form-urlencoded',
  'application/jsonp',
  'application/ld+json',
])('a body of type %s is 415', async (type) => {
  const { apiUrl } = await apiServer();
  const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
  for (const path of ['/api/register', '/api/unregister']) {
    const answer = await call(`${apiUrl}${path}`, { method: 'POST', headers, body: bodyOf(400) });
    expect(answer).toMatchObject(refusal(415, 'Unsupported content type (expected application/json)'));
  }
});

test.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json ;x=1'])(
  'a body of type %s is taken',
  async (type) => {
    const { apiUrl } = await apiServer();
    const headers = { 'content-type': type };
    const answer = await call(`${apiUrl}/api/register`, { method: 'POST', headers, body: bodyOf(400) });
    expect(answer.status).toBe(200);
  },
);

test('a body of exactly 16 KiB is read; one byte more is 413, and nothing is stored', async () => {
  const server = await apiServer();
  const url = `${server.apiUrl}/api/register`;
  expect(await postJson(url, bodyOf(LIMIT + 1))).toMatchObject(TOO_LARGE);
  expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
  expect(await postJson(url, bodyOf(LIMIT))).toMatchObject({ status: 200 });
});

test('a body in chunks without a length is 413 over 16 KiB, and is read within the limit', async () => {
  const { apiUrl } = await apiServer();
  expect(await postJson(`${apiUrl}/api/register`, inChunks(LIMIT + 1))).toMatchObject(TOO_LARGE);
  expect(await postJson(`${apiUrl}/api/register`, inChunks(100_000))).toMatchObject(TOO_LARGE);
  expect(await postJson(`${apiUrl}/api/register`, inChunks(LIMIT))).toMatchObject({ status: 200 });
});

test.each([
  ['that is empty', ''],
  ['that is no JSON', 'trade_pubkey=1'],
  ['that is cut off', '{"trade_pubkey":"'],
  ['with something behind it', '{}{}'],
  ['with __proto__', '{"__proto__":{"trade_pubkey":"x"}}'],
  ['with constructor.prototype', '{"constructor":{"prototype":{"x":1}}}'],
  ['nested 10 000 deep and cut off', '['.repeat(10_000)],
])('a body %s is 400 Malformed JSON', async (_name, body) => {
  const { apiUrl } = await apiServer();
  for (const path of ['/api/register', '/api/unregister'])
    expect(await postJson(`${apiUrl}${path}`, body)).toMatchObject(refusal(400, 'Malformed JSON'));
});

test.each(['null', '[]', '[{}]', '1', '"x"', 'true', '{}', `${'['.repeat(8000)}${']'.repeat(8000)}`])(
  'a body that is not an object with a trade key is 400: %s',
  async (body) => {
    const { apiUrl } = await apiServer();
    for (const path of ['/api/register', '/api/unregister'])
      expect(await postJson(`${apiUrl}${path}`, body)).toMatchObject(BAD_KEY);
  },
);

test.each(['/%zz', '/api/%', '/api/health%ff'])('the URL %s is 400', async (path) => {
  const { apiUrl } = await apiServer();
  expect(await call(`${apiUrl}${path}`)).toMatchObject(refusal(400, 'Bad request'));
});

test('a head of more than 16 KiB is 431', async () => {
  const { apiUrl } = await apiServer();
  const headers = { 'x-filler': 'x'.repeat(20_000) };
  expect(await call(`${apiUrl}/api/health`, { headers })).toMatchObject(
    refusal(431, 'Request header fields too large'),
  );
});

test.each([
  ['plain rubbish', 'rubbish\r\n\r\n'],
  ['an unknown HTTP version', 'GET /api/health HTTP/9.9\r\n\r\n'],
  [
    'two lengths',
    'POST /api/register HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}',
  ],
  ['a TLS greeting', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001'],
])('%s over plain TCP is 400 in JSON, and the connection is closed', async (_name, bytes) => {
  const { apiUrl } = await apiServer();
  const [head = '', body] = (await overTcp(apiUrl, bytes)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(head).toContain('content-type: application/json');
  expect(body).toBe('{"success":false,"message":"Bad request"}');
  expect(await call(`${apiUrl}/api/health`)).toMatchObject({ status: 200 });
});
