import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const INVALID = { status: 400, text: '{"success":false,"message":"Invalid endpoint"}' };
const NO_TOKEN = { status: 400, text: '{"success":false,"message":"Invalid token"}' };
const GUARDED = { UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'false' };
const registration = (token: string): object => ({ trade_pubkey: freshKey(), token, platform: 'android' });

test.each([
  'http://ntfy.example/up',
  'https://localhost/up',
  'https://LOCALHOST./up',
  'https://push.localhost/up',
  'https://printer.local/up',
  'https://metadata.google.internal/up',
  'https://127.0.0.1/up',
  'https://127.1/up',
  'https://10.0.0.1/up',
  'https://172.16.0.1/up',
  'https://192.168.1.1:8443/up',
  'https://169.254.169.254/latest/meta-data',
  'https://100.64.0.1/up',
  'https://0.0.0.0/up',
  'https://224.0.0.1/up',
  'https://255.255.255.255/up',
  'https://0x7f.1/up',
  'https://0177.0.0.1/up',
  'https://2130706433/up',
  'https://１２７.0.0.1/up',
  'https://127.0.0.1./up',
  'https://[::1]/up',
  'https://[::]/up',
  'https://[::ffff:127.0.0.1]/up',
  'https://[::ffff:7f00:1]/up',
  'https://[64:ff9b::7f00:1]/up',
  'https://[fd00::1]/up',
  'https://[fe80::1]/up',
  'https://[2002:7f00:1::]/up',
  'https://user:password@ntfy.example/up',
  'https://user@ntfy.example/up',
  'https://ntfy.example/up#fragment',
  'https://ntfy.example:99999/up',
  'https://',
  'https://ntfy example/up',
  'https://ntfy.invalid/up',
  `https://ntfy.example/${'x'.repeat(1000)}`,
  'HTTPS://10.0.0.1/up',
])('by default the UnifiedPush endpoint %s is refused and nothing is stored', async (endpoint) => {
  const server = await apiServer(GUARDED);
  expect(await server.post('/api/register', registration(endpoint))).toMatchObject(INVALID);
  expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
});

test.each([
  'http:ntfy.example',
  'https:/\\127.0.0.1/up',
  'ws://ntfy.example/up',
  'file:///etc/passwd',
  'ftp://127.0.0.1/up',
])('by default the UnifiedPush endpoint %s is refused as an invalid token', async (text) => {
  const server = await apiServer(GUARDED);
  expect(await server.post('/api/register', registration(text))).toMatchObject(NO_TOKEN);
  expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
});

test.each([
  'https://ntfy.sh/upAlice?up=1',
  'https://ntfy.example:8443/up',
  'https://1.1.1.1/up',
  'https://[2606:4700:4700::1111]/up',
  'HTTPS://NTFY.SH/upAlice',
])('by default the UnifiedPush endpoint %s is taken', async (endpoint) => {
  const server = await apiServer(GUARDED);
  expect(await server.post('/api/register', registration(endpoint))).toMatchObject({ status: 200 });
});

test('by default a UnifiedPush endpoint whose name has no public address is never called, and other devices are still woken', async () => {
  const { relay, server, phone, woken } = await setScene({ environment: GUARDED });
  const alice = await phone({ endpoint: 'https://endpoint.example/up' });
  const bob = await phone();
  relay.broadcast(eventFor([alice.tradePubkey, bob.tradePubkey]));
  expect(await woken()).toEqual([bob.token]);
  const failed = 'mostro_push_pushes_total{provider="unifiedpush",outcome="retry"}';
  await expect.poll(() => server.metric(failed)).toBeGreaterThan(0);
  expect(await countsOf(server)).toContain('"total":3');
});

test('an endpoint with eight sets of Web Push keys is refused with a ninth set, and keeps the eight', async () => {
  const server = await apiServer();
  const register = (key: string, { endpoint, keys }: WebPushSubscription): ReturnType<typeof server.post> =>
    server.post('/api/register', { trade_pubkey: key, subscription: { endpoint, keys } });
  const subscriptions = Array.from({ length: 9 }, () => new WebPushSubscription('https://push.example/up'));
  const statuses: number[] = [];
  for (const subscription of subscriptions) statuses.push((await register(freshKey(), subscription)).status);
  expect(statuses).toEqual([...Array<number>(8).fill(200), 503]);
  for (const subscription of subscriptions.slice(0, 8))
    expect(await register(freshKey(), subscription)).toMatchObject({ status: 200 });
  expect(await countsOf(server)).toBe('{"total":16,"android":0,"ios":0,"webpush":16}');
});

test('with UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS=true an endpoint with http and a private address is taken and woken', async () => {
  const { relay, phone } = await setScene();
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  const alice = await phone({ endpoint: unifiedPush.endpoint('Alice') });
  relay.broadcast(eventFor([alice.tradePubkey]));
  const [push] = await unifiedPush.pushes.atLeast(1);
  expect(push?.path).toBe('/upAlice?up=1');
});

test.each(['https://user:password@127.0.0.1/up', 'https://127.0.0.1/up#x'])(
  'with UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS=true the endpoint %s is still refused',
  async (endpoint) => {
    const server = await apiServer();
    expect(await server.post('/api/register', registration(endpoint))).toMatchObject(INVALID);
  },
);
