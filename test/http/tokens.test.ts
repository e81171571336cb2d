import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { apiServer, freshKey } from '../support/api-server.ts';
import { DISGUISES } from '../support/disguises.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

/** The curve's generator, so that the private key is 1. */
const serverPubkey = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798';
const environment = { SERVER_PRIVATE_KEY: '1'.padStart(64, '0') };
const SHORT_BYTES = 217;

/** Every form of a registration that carries the plain text of a token. */
function shapes(token: string): object[] {
  const forms =
    Buffer.byteLength(token) <= SHORT_BYTES
      ? (['mostro-push-v1', 'mostro-push-v2'] as const)
      : (['mostro-push-v2'] as const);
  const sealed = forms.flatMap((format) =>
    (['ios', 'android'] as const).map((platform) => ({
      encrypted_token: sealToken({ serverPubkey, platform, token, format }),
    })),
  );
  return [{ token, platform: 'android' }, { token, platform: 'ios' }, ...sealed];
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
