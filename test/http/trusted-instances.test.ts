import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { countsOf } from '../support/api-server.ts';
import { BAD_INSTANCE, failure, FCM, REGISTERED, send, serverWith } from '../support/incumbent.ts';

const TRUSTED = '00000235a3e904cfe1213a8a54d6f1ec1bef7cc6bfaabd6193e82931ccf1366a';
const OTHER = 'e'.repeat(64);

test.each<[boolean, string, string | undefined, number, string]>([
  [false, '', undefined, 200, REGISTERED],
  [false, TRUSTED, undefined, 200, REGISTERED],
  [false, TRUSTED, OTHER, 200, REGISTERED],
  [true, '', undefined, 200, REGISTERED],
  [true, '', OTHER, 200, REGISTERED],
  [true, TRUSTED, TRUSTED, 200, REGISTERED],
  [true, TRUSTED, TRUSTED.toUpperCase(), 200, REGISTERED],
  [true, `${OTHER},${TRUSTED}`, TRUSTED, 200, REGISTERED],
  [true, TRUSTED, OTHER, 403, failure('Mostro instance not trusted')],
  [true, TRUSTED, undefined, 403, failure('Mostro instance pubkey required')],
  [true, TRUSTED, 'not-hex', 400, BAD_INSTANCE],
])(
  'trusted instances, as the incumbent has them: enabled %s, list "%s", named %s: %d',
  async (enabled, list, named, status, text) => {
    const server = await serverWith({ TRUSTED_WHITELIST_ENABLED: String(enabled), MOSTRO_PUBKEYS: list });
    const body = named === undefined ? FCM : { ...FCM, mostro_pubkey: named };
    expect(await send(server, '/api/register', body)).toMatchObject({ status, text });
    expect(await countsOf(server)).toContain(`"total":${status === 200 ? 1 : 0}`);
  },
);

test('if only trusted instances may register, a sealed token of another instance is refused without being opened', async () => {
  const server = await serverWith({ TRUSTED_WHITELIST_ENABLED: 'true', MOSTRO_PUBKEYS: TRUSTED });
  const body = {
    trade_pubkey: FCM.trade_pubkey,
    encrypted_token: sealToken({ serverPubkey: server.publicKey, platform: 'android', token: 'a-token' }),
  };
  const garbage = { ...body, encrypted_token: Buffer.alloc(281).toString('base64') };
  const untrusted = { status: 403, text: failure('Mostro instance not trusted') };
  expect(await send(server, '/api/register', body)).toMatchObject({
    status: 403,
    text: failure('Mostro instance pubkey required'),
  });
  expect(await send(server, '/api/register', { ...garbage, mostro_pubkey: OTHER })).toMatchObject(untrusted);
  expect((await send(server, '/api/register', { ...body, mostro_pubkey: TRUSTED })).text).toBe(REGISTERED);
});

test('if only trusted instances may register, an error in the body is reported first, as by the incumbent', async () => {
  const server = await serverWith({ TRUSTED_WHITELIST_ENABLED: 'true', MOSTRO_PUBKEYS: TRUSTED });
  const answer = await send(server, '/api/register', { ...FCM, token: '' });
  expect(answer).toMatchObject({ status: 400, text: failure('Invalid token') });
});

test('if only trusted instances may register, unregister and notify still need no instance', async () => {
  const server = await serverWith({ TRUSTED_WHITELIST_ENABLED: 'true', MOSTRO_PUBKEYS: TRUSTED });
  const body = { trade_pubkey: FCM.trade_pubkey };
  expect((await send(server, '/api/unregister', body)).status).toBe(200);
  expect((await send(server, '/api/notify', body)).status).toBe(202);
});
