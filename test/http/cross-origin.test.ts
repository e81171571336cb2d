import { expect, test } from 'vitest';

import { apiServer, freshKey } from '../support/api-server.ts';
import { call, type HttpAnswer } from '../support/http.ts';
import type { TestServer } from '../support/test-server.ts';

const APP = 'https://mostro.network';
const ROUTES = ['/api/register', '/api/unregister', '/api/notify', '/api/test'];
const METHODS = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'content-type' };

/** The headers of an answer that are about other origins. */
function cors({ headers }: HttpAnswer): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.startsWith('access-control-') || name === 'vary'),
  );
}

function preflight(server: TestServer, path: string, origin = APP): Promise<HttpAnswer> {
  return call(`${server.apiUrl}${path}`, { method: 'OPTIONS', headers: { origin, ...METHODS } });
}

function post(server: TestServer, path: string, origin?: string): Promise<HttpAnswer> {
  const body = JSON.stringify({ trade_pubkey: freshKey(), token: 't', platform: 'web' });
  const headers = { 'content-type': 'application/json', ...(origin !== undefined && { origin }) };
  return call(`${server.apiUrl}${path}`, { method: 'POST', headers, body });
}

const PREFLIGHT = {
  'access-control-allow-methods': 'GET, HEAD, POST, OPTIONS',
  'access-control-allow-headers': 'Content-Type, Authorization',
  'access-control-max-age': '86400',
};
const EXPOSED = { 'access-control-expose-headers': 'Retry-After, X-Request-Id' };

test('a web page of any origin may call every route, unless the operator chooses', async () => {
  const server = await apiServer({ RATE_LIMIT_PER_MINUTE: '3' });
  const allowed = { 'access-control-allow-origin': '*', ...EXPOSED };
  for (const path of ROUTES) {
    const answer = await preflight(server, path, 'null');
    expect([path, answer.status, answer.text]).toEqual([path, 204, '']);
    expect(cors(answer)).toEqual({ ...allowed, ...PREFLIGHT });
  }
  const statuses = [];
  for (const path of [...ROUTES, '/api/register', '/api/nothing']) {
    const answer = await post(server, path, APP);
    statuses.push(answer.status);
    expect(cors(answer)).toEqual(allowed);
  }
  // Preflights cost nothing of the three calls. The last but one is beyond the limit.
  expect(statuses).toEqual([200, 200, 202, 401, 429, 404]);
  const { headers } = await call(`${server.apiUrl}/api/info`);
  expect(headers['access-control-allow-origin']).toBe('*');
});

test('with a list of origins only their pages may call, and every answer says that it depends on the origin', async () => {
  const server = await apiServer({
    CORS_ALLOWED_ORIGINS: ` ${APP}/ , http://LOCALHOST:5173,,tauri://localhost`,
  });
  for (const origin of [APP, 'http://localhost:5173', 'tauri://localhost']) {
    const allowed = { 'access-control-allow-origin': origin, ...EXPOSED, vary: 'Origin' };
    const answer = await preflight(server, '/api/register', origin);
    expect([answer.status, cors(answer)]).toEqual([204, { ...allowed, ...PREFLIGHT }]);
    expect(cors(await post(server, '/api/register', origin))).toEqual(allowed);
  }
  for (const origin of [
    'https://evil.example',
    'http://mostro.network',
    `${APP}.evil.example`,
    `${APP}/`,
    'null',
  ]) {
    const answer = await preflight(server, '/api/register', origin);
    expect([answer.status, answer.headers['allow'], cors(answer)]).toEqual([405, 'POST', { vary: 'Origin' }]);
    const posted = await post(server, '/api/register', origin);
    expect([posted.status, cors(posted)]).toEqual([200, { vary: 'Origin' }]);
  }
  expect(cors(await post(server, '/api/register'))).toEqual({ vary: 'Origin' });
});

test('with an empty list no page may call, and no answer says anything about origins', async () => {
  const server = await apiServer({ CORS_ALLOWED_ORIGINS: '' });
  const answer = await preflight(server, '/api/notify');
  expect([answer.status, cors(answer)]).toEqual([405, {}]);
  expect(answer.headers['x-request-id']).toMatch(/^[\da-f-]{36}$/);
  expect(cors(await post(server, '/api/register', APP))).toEqual({});
});

test('an OPTIONS that is no preflight, or is for an unknown path, is refused', async () => {
  const server = await apiServer();
  const ask = (path: string, headers: Record<string, string>): Promise<HttpAnswer> =>
    call(`${server.apiUrl}${path}`, { method: 'OPTIONS', headers });
  expect(await ask('/api/register', { origin: APP })).toMatchObject({ status: 405 });
  expect(await ask('/api/register', METHODS)).toMatchObject({ status: 405 });
  expect(await ask('/api/nothing', { origin: APP, ...METHODS })).toMatchObject({ status: 404 });
});
