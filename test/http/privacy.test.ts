import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { apiServer, freshKey } from '../support/api-server.ts';
import { call, postJson, type HttpAnswer } from '../support/http.ts';

const KEY = freshKey();
const TOKEN = 'the-secret-token-of-alice';
const ENDPOINT = 'https://ntfy.example/upSecretOfAlice?up=1';

function expectNoEcho(answer: HttpAnswer, ...secrets: string[]): void {
  const said = (answer.text + JSON.stringify(answer.headers)).toLowerCase();
  for (const secret of [KEY, TOKEN, ENDPOINT, 'ntfy.example', ...secrets])
    expect(said).not.toContain(secret.toLowerCase());
}

test.each([
  ['a token that is taken', { trade_pubkey: KEY, token: TOKEN, platform: 'ios' }, 200],
  ['an endpoint that is taken', { trade_pubkey: KEY, token: ENDPOINT, platform: 'android' }, 200],
  [
    'a subscription whose keys are none',
    { trade_pubkey: KEY, subscription: { endpoint: ENDPOINT, keys: { p256dh: TOKEN, auth: KEY } } },
    400,
  ],
  ['a subscription that is none', { trade_pubkey: KEY, subscription: ENDPOINT }, 400],
  ['a key that is none', { trade_pubkey: `${KEY}x`, token: TOKEN, platform: 'ios' }, 400],
  ['a mostro_pubkey that is none', { trade_pubkey: KEY, mostro_pubkey: TOKEN, token: TOKEN }, 400],
  ['a platform that is none', { trade_pubkey: KEY, token: TOKEN, platform: TOKEN }, 400],
  ['a token that is none', { trade_pubkey: KEY, token: `${TOKEN} `, platform: 'ios' }, 400],
  ['an endpoint that is none', { trade_pubkey: KEY, token: `${ENDPOINT}#${KEY}`, platform: 'ios' }, 400],
  ['a sealed token that is no base64', { trade_pubkey: KEY, encrypted_token: TOKEN }, 400],
  ['fields with secret names', { [KEY]: TOKEN, [TOKEN]: ENDPOINT }, 400],
])('no answer of the API repeats data of its request: %s', async (_name, body, status) => {
  const { apiUrl } = await apiServer();
  for (const path of ['/api/register', '/api/unregister']) {
    const answer = await postJson(`${apiUrl}${path}`, JSON.stringify(body));
    if (path === '/api/register') expect(answer.status).toBe(status);
    expectNoEcho(answer);
  }
});

test('no answer of the API repeats data of its request: a sealed token that opens, and one that does not', async () => {
  const { apiUrl, publicKey } = await apiServer();
  const encrypted_token = sealToken({ serverPubkey: publicKey, platform: 'ios', token: TOKEN });
  for (const sealed of [encrypted_token, encrypted_token.replace(/.{8}$/, 'AAAAAAA=')]) {
    const answer = await postJson(
      `${apiUrl}/api/register`,
      JSON.stringify({ trade_pubkey: KEY, encrypted_token: sealed }),
    );
    expectNoEcho(answer, sealed.slice(0, 40));
  }
});

test('no answer of the API repeats data of its request: a path, a query, a header, a method or broken JSON with a secret in it', async () => {
  const { apiUrl } = await apiServer();
  const answers = [
    await call(`${apiUrl}/api/register/${KEY}`),
    await call(`${apiUrl}/${TOKEN}?key=${KEY}`, { method: 'POST' }),
    await call(`${apiUrl}/api/register?token=${TOKEN}`, { method: 'PUT' }),
    await call(`${apiUrl}/${TOKEN}%zz`),
    await call(`${apiUrl}/api/register`, { method: 'POST', headers: { 'content-type': TOKEN }, body: KEY }),
    await call(`${apiUrl}/api/health`, { headers: { 'x-request-id': KEY, 'x-key': TOKEN } }),
    await postJson(`${apiUrl}/api/register`, `{"trade_pubkey":${KEY}`),
    await postJson(`${apiUrl}/api/register`, `{"${TOKEN}":"${KEY}",}`),
  ];
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 405, 400, 415, 200, 400, 400]);
  for (const answer of answers) expectNoEcho(answer);
});
