import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const refusal = (status: number, message: string): object => ({
  status,
  text: `{"success":false,"message":"${message}"}`,
});
const NOT_ENABLED = refusal(400, 'Push provider not enabled');
const FULL = refusal(503, 'Registration capacity reached');
const NONE = '{"total":0,"android":0,"ios":0,"webpush":0}';
const fcm = (): object => ({ trade_pubkey: freshKey(), token: 'a-token', platform: 'android' });
const endpoint = (): object => ({
  trade_pubkey: freshKey(),
  token: 'https://ntfy.example/up',
  platform: 'android',
});

test('FCM_ENABLED=false refuses FCM tokens, plain and sealed, and takes UnifiedPush endpoints', async () => {
  const server = await apiServer({ FCM_ENABLED: 'false' });
  const encrypted_token = sealToken({ serverPubkey: server.publicKey, platform: 'ios', token: 'a-token' });
  expect(await server.post('/api/register', fcm())).toMatchObject(NOT_ENABLED);
  expect(await server.post('/api/register', { trade_pubkey: freshKey(), encrypted_token })).toMatchObject(
    NOT_ENABLED,
  );
  expect(await countsOf(server)).toBe(NONE);
  expect(await server.post('/api/register', endpoint())).toMatchObject({ status: 200 });
});

test('UNIFIEDPUSH_ENABLED=false refuses endpoints and takes FCM tokens', async () => {
  const server = await apiServer({ UNIFIEDPUSH_ENABLED: 'false' });
  expect(await server.post('/api/register', endpoint())).toMatchObject(NOT_ENABLED);
  expect(await countsOf(server)).toBe(NONE);
  expect(await server.post('/api/register', fcm())).toMatchObject({ status: 200 });
});

test('a server whose FCM waits for credentials takes FCM registrations', async () => {
  const server = await apiServer();
  expect(await server.post('/api/register', fcm())).toMatchObject({ status: 200 });
});

test('ALLOW_PLAINTEXT_TOKENS=false refuses plain tokens and endpoints, and takes sealed ones', async () => {
  const server = await apiServer({ ALLOW_PLAINTEXT_TOKENS: 'false' });
  const refused = refusal(400, 'Plaintext tokens are disabled, send encrypted_token');
  expect(await server.post('/api/register', fcm())).toMatchObject(refused);
  expect(await server.post('/api/register', endpoint())).toMatchObject(refused);
  expect(await countsOf(server)).toBe(NONE);
  const encrypted_token = sealToken({ serverPubkey: server.publicKey, platform: 'ios', token: 'a-token' });
  const sealed = { trade_pubkey: freshKey(), encrypted_token };
  expect(await server.post('/api/register', sealed)).toMatchObject({ status: 200 });
});

test('a server at MAX_REGISTRATIONS refuses a new key with 503, never wakes its device, and still replaces the device of a known key', async () => {
  const { relay, server, woken } = await setScene({ environment: { MAX_REGISTRATIONS: '3' } });
  const keys = [freshKey(), freshKey(), freshKey()];
  const register = (key: string | undefined, token: string): ReturnType<typeof server.post> =>
    server.post('/api/register', { trade_pubkey: key, token, platform: 'android' });
  // Two keys. The last place is for the phone whose wake shows that everything was handled.
  await register(keys[0], 'first');
  await register(keys[1], 'second');
  expect(await woken()).toEqual([]);
  expect(await register(keys[2], 'third')).toMatchObject(FULL);
  expect(await countsOf(server)).toBe('{"total":3,"android":3,"ios":0,"webpush":0}');
  expect(await register(keys[1], 'second-renewed')).toMatchObject({ status: 200 });
  await server.post('/api/unregister', { trade_pubkey: keys[0] });
  for (const key of keys) relay.broadcast(eventFor([key]));
  expect(await woken()).toEqual(['second-renewed']);
});

test('a server at MAX_REGISTRATIONS gives a new key, after ten minutes, the place of the oldest key that was never woken', async () => {
  let offset = 0;
  const clock = (): number => Date.now() + offset;
  const server = keep(await startTestServer({ environment: { MAX_REGISTRATIONS: '2' }, clock }));
  const oldest = fcm();
  await server.post('/api/register', oldest);
  offset = 60_000;
  await server.post('/api/register', fcm());
  offset = 9 * 60_000;
  expect(await server.post('/api/register', fcm())).toMatchObject(FULL);
  offset = 10 * 60_000 + 1000;
  expect(await server.post('/api/register', fcm())).toMatchObject({ status: 200 });
  expect(await server.post('/api/register', fcm())).toMatchObject(FULL);
  expect(await server.post('/api/unregister', oldest)).toMatchObject({
    body: { message: 'Token not found (may have already been unregistered)' },
  });
});

test('a server at MAX_REGISTRATIONS lets a flood from one network displace only itself, even with a new address for each key', async () => {
  let offset = 0;
  const clock = (): number => Date.now() + offset;
  const environment = { MAX_REGISTRATIONS: '5', NOTIFY_TRUST_PROXY_HEADERS: 'true' };
  const server = keep(await startTestServer({ environment, clock }));
  const [alice, bob] = [fcm(), fcm()];
  const statuses: number[] = [];
  const registerFrom = async (address: string, body: object): Promise<void> => {
    const init = { method: 'POST', body: JSON.stringify(body) };
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
    statuses.push((await fetch(`${server.apiUrl}/api/register`, { ...init, headers })).status);
  };
  await registerFrom('198.51.100.1', alice);
  await registerFrom('2001:db8:1::1', bob);
  for (let n = 0; n < 3; n++) await registerFrom(`192.0.2.${n}`, fcm());
  offset = 11 * 60_000;
  for (let n = 3; n < 20; n++) await registerFrom(`192.0.2.${n}`, fcm());
  // The first three were displaced by three others, and now all keys of the flood are young.
  expect(statuses).toEqual([...Array<number>(8).fill(200), ...Array<number>(14).fill(503)]);
  offset = 22 * 60_000;
  for (let n = 20; n < 40; n++) await registerFrom(`192.0.2.${n}`, fcm());
  for (const waiting of [alice, bob])
    expect(await server.post('/api/unregister', waiting)).toMatchObject({
      body: { message: 'Token unregistered successfully' },
    });
});

test('a server at MAX_REGISTRATIONS takes new keys again when the registered ones have expired', async () => {
  let offset = 0;
  const clock = (): number => Date.now() + offset;
  const environment = { MAX_REGISTRATIONS: '1', TOKEN_TTL_HOURS: '0.1' };
  const server = keep(await startTestServer({ environment, clock }));
  await server.post('/api/register', fcm());
  offset = 5 * 60_000;
  expect(await server.post('/api/register', fcm())).toMatchObject(FULL);
  offset = 7 * 60_000;
  expect(await server.post('/api/register', fcm())).toMatchObject({ status: 200 });
  expect(await countsOf(server)).toBe('{"total":1,"android":1,"ios":0,"webpush":0}');
});
