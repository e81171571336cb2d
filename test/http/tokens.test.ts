import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { DISGUISES } from '../support/disguises.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const privateKey = generateSecretKey();
// Sealing uses the x coordinate alone, which is the same for both points of an x-only key.
const serverPubkey = `02${getPublicKey(privateKey)}`;
const environment = { SERVER_PRIVATE_KEY: Buffer.from(privateKey).toString('hex') };
const SHORT_BYTES = 217;
const PHONES = ['ios', 'android'] as const;
const PLATFORMS = [...PHONES, 'web'] as const;

/** Every form of a registration that carries the plain text of a token. */
function shapes(token: string): object[] {
  const forms =
    Buffer.byteLength(token) <= SHORT_BYTES
      ? (['mostro-push-v1', 'mostro-push-v2'] as const)
      : (['mostro-push-v2'] as const);
  const sealed = forms.flatMap((format) =>
    (format === 'mostro-push-v1' ? PHONES : PLATFORMS).map((platform) => ({
      encrypted_token: sealToken({ serverPubkey, platform, token, format }),
    })),
  );
  return [...PLATFORMS.map((platform) => ({ token, platform })), ...sealed];
}

test('a text that is not an FCM token is refused in every shape, and is never sent to Google', async () => {
  const { google, relay, server, woken } = await setScene({ environment });
  const key = freshKey();
  for (const [name, token, message] of DISGUISES)
    for (const shape of shapes(token)) {
      const { status, text } = await server.post('/api/register', { trade_pubkey: key, ...shape });
      expect([name, status, text]).toEqual([name, 400, JSON.stringify({ success: false, message })]);
    }
  relay.broadcast(eventFor([key]));
  expect(await woken()).toEqual([]);
  expect(google.refusals.count).toBe(0);
});

test('a sealed subscription is taken in both of its forms', async () => {
  const server = await apiServer(environment);
  const subscription = new WebPushSubscription('https://push.example/up');
  for (const token of [subscription.sealedContent, JSON.stringify(subscription)]) {
    const encrypted_token = sealToken({ serverPubkey, platform: 'webpush', token, format: 'mostro-push-v2' });
    const answer = await server.post('/api/register', { trade_pubkey: freshKey(), encrypted_token });
    expect(answer).toMatchObject({ status: 200, body: { platform: 'webpush' } });
  }
});

test('a browser with an FCM token is answered and counted as web, and is woken with the body of every FCM device', async () => {
  const { google, relay, server } = await setScene({ environment });
  expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
  const sealed = sealToken({ serverPubkey, platform: 'web', token: 'sealed:web', format: 'mostro-push-v2' });
  const bodies = [
    { trade_pubkey: freshKey(), token: 'plain:web', platform: 'web' },
    { trade_pubkey: freshKey(), encrypted_token: sealed },
  ];
  const phone = { trade_pubkey: freshKey(), token: 'the:phone', platform: 'android' };
  for (const body of bodies)
    expect((await server.post('/api/register', body)).text).toBe(
      '{"success":true,"message":"Token registered successfully","platform":"web"}',
    );
  await server.post('/api/register', phone);
  expect(await countsOf(server)).toBe('{"total":3,"android":1,"ios":0,"web":2,"webpush":0}');
  relay.broadcast(eventFor([...bodies, phone].map(({ trade_pubkey }) => trade_pubkey)));
  const pushes = await google.pushes.atLeast(3);
  expect(pushes.map(({ token }) => token).toSorted()).toEqual(['plain:web', 'sealed:web', 'the:phone']);
  const rest = pushes.map(({ raw, token }) => raw.replace(token, '').replace(/"timestamp":"\d+"/, ''));
  expect(new Set(rest).size).toBe(1);
  expect(rest[0]).toContain('"webpush":{"headers":{"TTL":"86400","Urgency":"high"}}');
});

test('a short sealed token of a browser is refused: the platform is known in the long form only', async () => {
  const server = await apiServer(environment);
  const encrypted_token = sealToken({ serverPubkey, platform: 'web', token: 't' });
  expect(await server.post('/api/register', { trade_pubkey: freshKey(), encrypted_token })).toMatchObject({
    status: 400,
    body: { message: 'Invalid platform identifier' },
  });
});

function installationId(n: number): string {
  return `cAbC_dEf-0123456789${String(n).padStart(3, '0')}`;
}

test('an installation id is woken as `fid` in every shape, and UNREGISTERED counts for it as for a token', async () => {
  const scene = await setScene({ environment: { ...environment, GONE_CONFIRM_SECONDS: '0' } });
  const { google, relay, server, woken } = scene;
  const count = shapes(`fid:${installationId(0)}`).length;
  const written = Array.from({ length: count }, (_, n) => shapes(`fid:${installationId(n)}`)[n]);
  const inFields = [
    { fid: installationId(count), platform: 'ios' },
    { token: `FID:${installationId(count + 1)}`, platform: 'web' },
  ];
  const bodies = [...written, ...inFields];
  const keys = bodies.map(() => freshKey());
  for (const [n, body] of bodies.entries())
    expect(await server.post('/api/register', { trade_pubkey: keys[n], ...body })).toMatchObject({
      status: 200,
    });
  for (const key of keys.slice(1)) relay.broadcast(eventFor([key]));
  const pushes = await google.pushes.atLeast(bodies.length - 1);
  const expected = bodies.slice(1).map((_, n) => `fid:${installationId(n + 1)}`);
  expect(pushes.map(({ token }) => token).toSorted()).toEqual(expected);
  expect(pushes[0]?.raw).toMatch(/^\{"message":\{"fid":"cAbC_dEf-0123456789\d{3}","data":/);
  expect(google.refusals.count).toBe(0);

  const gone = `fid:${installationId(0)}`;
  google.answer = ({ token }) => (token === gone ? fcmError(404, 'UNREGISTERED') : undefined);
  relay.broadcast(eventFor([keys[0] ?? '']));
  await google.refusals.atLeast(1);
  await woken();
  await untilMetric(server, 'mostro_push_registrations_forgotten_total', 1);
});
