import { expect, test } from 'vitest';

import { FakeClock } from '../support/fake-clock.ts';
import { call, type HttpAnswer } from '../support/http.ts';
import { BAD_INSTANCE, failure, FCM, REGISTERED, send, serverWith } from '../support/incumbent.ts';

// The incumbent (MostroP2P/mostro-push-server at e707cde) documents these calls in docs/api.md and tests them in src/api. Here are the
// same requests, and the same bytes or the reason for a difference. docs/migration.md explains the table.

const KEY = FCM.trade_pubkey;
const KEY_2 = '2'.repeat(64);
const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const BAD_KEY = failure('Invalid trade_pubkey format (expected 64 hex characters)');

test('GET /api/health answers the same bytes as the incumbent', async () => {
  const { apiUrl } = await serverWith();
  const answer = await call(`${apiUrl}/api/health`);
  expect(answer).toMatchObject({
    status: 200,
    headers: { 'content-type': 'application/json' },
    text: '{"status":"ok"}',
  });
});

test.each<[string, string, unknown, number, string]>([
  ['a registration', '/api/register', FCM, 200, REGISTERED],
  [
    'a registration for iOS',
    '/api/register',
    { ...FCM, platform: 'ios' },
    200,
    REGISTERED.replace('android', 'ios'),
  ],
  ['a platform in capitals', '/api/register', { ...FCM, platform: 'ANDROID' }, 200, REGISTERED],
  [
    'an instance that nobody asks for',
    '/api/register',
    { ...FCM, mostro_pubkey: 'e'.repeat(64) },
    200,
    REGISTERED,
  ],
  [
    'a UnifiedPush endpoint as the token',
    '/api/register',
    { ...FCM, token: 'https://ntfy.example/upX?up=1' },
    200,
    REGISTERED,
  ],
  ['a key that is too short', '/api/register', { ...FCM, trade_pubkey: 'tooshort' }, 400, BAD_KEY],
  ['a key that is no hex', '/api/register', { ...FCM, trade_pubkey: 'z'.repeat(64) }, 400, BAD_KEY],
  ['a wrong key to forget', '/api/unregister', { trade_pubkey: 'tooshort' }, 400, BAD_KEY],
  [
    'a key to forget that is not there',
    '/api/unregister',
    { trade_pubkey: KEY_2 },
    200,
    '{"success":true,"message":"Token not found (may have already been unregistered)"}',
  ],
  ['a chat message', '/api/notify', { trade_pubkey: KEY }, 202, '{"accepted":true}'],
  ['a chat message for a key that is none', '/api/notify', { trade_pubkey: 'zz' }, 400, BAD_KEY],
])('the same bytes as the incumbent’s answer: %s', async (_, path, body, status, text) => {
  const answer = await send(await serverWith(), path, body);
  expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/json' }, text });
});

test('/api/unregister answers the same bytes as the incumbent for a key that is there', async () => {
  const server = await serverWith();
  await send(server, '/api/register', FCM);
  expect((await send(server, '/api/unregister', { trade_pubkey: KEY })).text).toBe(
    '{"success":true,"message":"Token unregistered successfully"}',
  );
});

test('/api/status answers the same bytes as the incumbent, and more behind them', async () => {
  const server = await serverWith();
  await send(server, '/api/register', FCM);
  const { text } = await call(`${server.apiUrl}/api/status`);
  const { status, version, tokens } = JSON.parse(text) as Record<string, unknown>;
  expect({ status, version, tokens }).toMatchObject({
    status: 'running',
    version: expect.any(String),
    tokens: { total: 1, android: 1, ios: 0 },
  });
});

test('/api/notify answers 429 as the incumbent does, by key and by address, with Retry-After in whole seconds', async () => {
  const proxied = { NOTIFY_TRUST_PROXY_HEADERS: 'true', FLY_APP_NAME: 'mostro-push-server' };
  const server = await serverWith(proxied, new FakeClock(Date.now()));
  const answers: HttpAnswer[] = [];
  for (let n = 0; n < 11; n++)
    answers.push(await send(server, '/api/notify', { trade_pubkey: KEY }, { 'fly-client-ip': `1.2.3.${n}` }));
  for (let n = 0; n < 31; n++) {
    const key = n.toString(16).padStart(64, 'a');
    answers.push(await send(server, '/api/notify', { trade_pubkey: key }, { 'fly-client-ip': '5.6.7.8' }));
  }
  const refused = answers.filter(({ status }) => status !== 202);
  expect(refused).toHaveLength(2);
  for (const { status, headers, text } of refused) {
    expect({ status, text }).toEqual({ status: 429, text: failure('rate limited') });
    expect(headers['retry-after']).toMatch(/^[1-9]\d*$/);
  }
  for (const { headers } of answers) expect(headers['x-request-id']).toMatch(UUID_V4);
});

test('every answer of /api/notify has an x-request-id of the server’s own, as the incumbent’s have', async () => {
  const server = await serverWith();
  for (const body of [{ trade_pubkey: KEY }, { trade_pubkey: 'x' }, '{']) {
    const { headers } = await send(server, '/api/notify', body, {
      'x-request-id': 'spoofed-by-client-12345',
    });
    expect(headers['x-request-id']).toMatch(UUID_V4);
  }
});

test('a thousand calls of /api/health, and a burst of the other GETs, are not limited', async () => {
  const { apiUrl } = await serverWith();
  const paths = Array.from({ length: 1000 }, (_, n) => ['health', 'info', 'status'][n % 3]);
  const answers = await Promise.all(
    paths.map((path) => fetch(`${apiUrl}/api/${path}`).then(({ status }) => status)),
  );
  expect(new Set(answers)).toEqual(new Set([200]));
});

test.each<[string, string, unknown, number, string]>([
  [
    'an empty token: the message of the contract, which is that of any token that is none',
    '/api/register',
    { ...FCM, token: '' },
    400,
    failure('Invalid token'),
  ],
  [
    'an unknown platform: an answer never repeats what it was sent',
    '/api/register',
    { ...FCM, platform: 'windows' },
    400,
    failure('Invalid platform identifier'),
  ],
  [
    'an instance that is none: always refused, as its document says, and not only where there is a list',
    '/api/register',
    { ...FCM, mostro_pubkey: 'x' },
    400,
    BAD_INSTANCE,
  ],
  [
    'malformed JSON: in JSON, where its framework answers in text',
    '/api/notify',
    '{',
    400,
    failure('Malformed JSON'),
  ],
  ['no body: the same', '/api/register', '', 400, failure('Malformed JSON')],
])('other bytes than the incumbent’s answer: %s', async (_, path, body, status, text) => {
  const answer = await send(await serverWith(), path, body);
  expect(answer).toMatchObject({ status, headers: { 'content-type': 'application/json' }, text });
});

test('GET /api/info names a key and has no note, unlike the incumbent’s: tokens can be sealed again', async () => {
  const { apiUrl } = await serverWith();
  const { text } = await call(`${apiUrl}/api/info`);
  expect(JSON.parse(text)).toMatchObject({ version: expect.any(String), encryption_enabled: true });
  expect(text).not.toContain('note');
});

test('register and unregister share a burst of a hundred, as in the incumbent, and then answer 429', async () => {
  // The time of the server stands still, so that no allowance comes back meanwhile.
  const server = await serverWith({}, new FakeClock(Date.now()));
  const paths = ['/api/register', '/api/unregister'];
  for (let n = 0; n < 100; n++) expect((await send(server, paths[n % 2] ?? '', FCM)).status).toBe(200);
  expect(await send(server, '/api/register', FCM)).toMatchObject({
    status: 429,
    text: failure('rate limited'),
  });
});
