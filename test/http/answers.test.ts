import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { call, postJson, type HttpAnswer } from '../support/http.ts';
import { eventFor } from '../support/wire-events.ts';
import { setScene } from '../support/scene.ts';

function expectAnswer(answer: HttpAnswer, status: number, text: string): void {
  expect(answer).toMatchObject({ status, text, headers: { 'content-type': 'application/json' } });
  expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(text)));
}

const registered = (platform: string): string =>
  `{"success":true,"message":"Token registered successfully","platform":"${platform}"}`;
const NOT_FOUND = '{"success":true,"message":"Token not found (may have already been unregistered)"}';

test('GET /api/health answers {"status":"ok"}, without a relay, without Google', async () => {
  const { apiUrl } = await apiServer();
  expectAnswer(await call(`${apiUrl}/api/health`), 200, '{"status":"ok"}');
  expectAnswer(await call(`${apiUrl}/api/health?x=1`), 200, '{"status":"ok"}');
});

test('GET /api/info begins with the public key, the version and the size of a sealed token', async () => {
  const { apiUrl, publicKey } = await apiServer();
  const answer = await call(`${apiUrl}/api/info`);
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
  expect(publicKey).toMatch(/^0[23][0-9a-f]{64}$/);
  const first = `{"server_pubkey":"${publicKey}","version":"0.0.0-test","encrypted_token_size":281`;
  expect(answer.text.slice(0, first.length + 1)).toBe(`${first},`);
  expect(JSON.parse(answer.text)).toMatchObject({ encryption_enabled: true, kinds: [1059, 14] });
});

test('GET /api/status counts the devices by platform, in the order total, android, ios, webpush', async () => {
  const server = await apiServer();
  const { apiUrl, publicKey } = server;
  const first = `{"status":"running","version":"0.0.0-test","server_pubkey":"${publicKey}","tokens":`;
  const answer = await call(`${apiUrl}/api/status`);
  expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/json' } });
  expect(answer.text.startsWith(`${first}{"total":0,"android":0,"ios":0,"webpush":0}`)).toBe(true);
  for (const platform of ['android', 'android', 'ios']) {
    await server.post('/api/register', { trade_pubkey: freshKey(), token: 'a-token', platform });
  }
  expect(await countsOf(server)).toBe('{"total":3,"android":2,"ios":1,"webpush":0}');
});

test.each([
  ['android', false],
  ['ios', false],
  ['android', true],
  ['ios', true],
] as const)(
  'POST /api/register takes a sealed token of %s; its key is from the hashed point: %s',
  async (platform, hashedPoint) => {
    const { apiUrl, publicKey } = await apiServer();
    const encrypted_token = sealToken({ serverPubkey: publicKey, platform, token: 'a-token', hashedPoint });
    const body = JSON.stringify({ trade_pubkey: freshKey(), encrypted_token });
    expectAnswer(await postJson(`${apiUrl}/api/register`, body), 200, registered(platform));
  },
);

test.each([
  ['an FCM token of android', { token: 'a:token_-', platform: 'android' }, 'android'],
  ['an FCM token of ios', { token: 'a:token_-', platform: 'ios' }, 'ios'],
  ['a UnifiedPush endpoint', { token: 'https://ntfy.example/upAlice?up=1', platform: 'android' }, 'android'],
  ['one with a mostro_pubkey', { token: 't', platform: 'ios', mostro_pubkey: 'AB'.repeat(32) }, 'ios'],
  ['one with fields that mean nothing', { token: 't', platform: 'ios', locale: { x: [1] } }, 'ios'],
])('POST /api/register takes %s as a plain token', async (_name, device, platform) => {
  const { apiUrl } = await apiServer();
  const body = JSON.stringify({ trade_pubkey: freshKey(), ...device });
  expectAnswer(await postJson(`${apiUrl}/api/register`, body), 200, registered(platform));
});

test('POST /api/register takes a sealed UnifiedPush endpoint', async () => {
  const { apiUrl, publicKey } = await apiServer();
  const token = 'https://ntfy.example/upAlice?up=1';
  const encrypted_token = sealToken({ serverPubkey: publicKey, platform: 'android', token });
  const body = JSON.stringify({ trade_pubkey: freshKey(), encrypted_token });
  expectAnswer(await postJson(`${apiUrl}/api/register`, body), 200, registered('android'));
});

test('POST /api/register: a sealed token of the full 217 bytes arrives at Google to the byte', async () => {
  const { relay, server, google } = await setScene();
  const token = `${'t'.repeat(216)}:`;
  const encrypted_token = sealToken({ serverPubkey: server.publicKey, platform: 'ios', token });
  const trade_pubkey = freshKey();
  await server.post('/api/register', { trade_pubkey, encrypted_token });
  relay.broadcast(eventFor([trade_pubkey]));
  const [push] = await google.pushes.atLeast(1);
  expect(push?.token).toBe(token);
});

test('POST /api/register of a known key replaces its device, and the key counts once', async () => {
  const server = await apiServer();
  const key = freshKey();
  await server.post('/api/register', { trade_pubkey: key, token: 'a', platform: 'android' });
  await server.post('/api/register', { trade_pubkey: key.toUpperCase(), token: 'b', platform: 'ios' });
  expect(await countsOf(server)).toBe('{"total":1,"android":0,"ios":1,"webpush":0}');
});

test('POST /api/unregister says whether the key was registered, in any case of its letters', async () => {
  const server = await apiServer();
  const key = freshKey();
  const unregister = (): Promise<HttpAnswer> =>
    postJson(`${server.apiUrl}/api/unregister`, JSON.stringify({ trade_pubkey: key.toUpperCase() }));
  expectAnswer(await unregister(), 200, NOT_FOUND);
  await server.post('/api/register', { trade_pubkey: key, token: 'a-token', platform: 'ios' });
  expectAnswer(await unregister(), 200, '{"success":true,"message":"Token unregistered successfully"}');
  expectAnswer(await unregister(), 200, NOT_FOUND);
  expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
});
