import { expect, test } from 'vitest';

import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { setScene } from '../support/scene.ts';
import { invalidVectors, validVectors } from '../support/sealed-token-vectors.ts';
import { eventFor } from '../support/wire-events.ts';

test.each(validVectors.filter(({ token }) => !/^http|^\{/.test(token)))(
  'the vector of a sealed token through the API: $name: the token arrives at Google',
  async ({ server_private_key, server_pubkey, encrypted_token, token }) => {
    const { relay, server, google } = await setScene({
      environment: { SERVER_PRIVATE_KEY: server_private_key },
    });
    expect(server.publicKey).toBe(server_pubkey);
    const trade_pubkey = freshKey();
    const answer = await server.post('/api/register', { trade_pubkey, encrypted_token });
    expect(answer.status).toBe(200);
    relay.broadcast(eventFor([trade_pubkey]));
    const [push] = await google.pushes.atLeast(1);
    expect(push?.token).toBe(token);
  },
);

test('the vector of a sealed token through the API: v2 web push subscription is taken, and counted as webpush', async () => {
  const { server_private_key, encrypted_token } =
    validVectors.find(({ platform }) => platform === 'webpush') ?? {};
  const server = await apiServer({ SERVER_PRIVATE_KEY: server_private_key ?? '' });
  const answer = await server.post('/api/register', { trade_pubkey: freshKey(), encrypted_token });
  expect(answer.text).toBe('{"success":true,"message":"Token registered successfully","platform":"webpush"}');
  expect(await countsOf(server)).toBe('{"total":1,"android":0,"ios":0,"webpush":1}');
});

test.each(invalidVectors)(
  'the vector of a sealed token through the API: $name: $message',
  async ({ server_private_key, encrypted_token, message }) => {
    const server = await apiServer({ SERVER_PRIVATE_KEY: server_private_key });
    const answer = await server.post('/api/register', { trade_pubkey: freshKey(), encrypted_token });
    expect(answer).toMatchObject({ status: 400, body: { success: false, message } });
    expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
  },
);
