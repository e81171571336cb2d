import { randomBytes } from 'node:crypto';

import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { apiServer, countsOf, freshKey } from '../support/api-server.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const BAD_KEY = 'Invalid trade_pubkey format (expected 64 hex characters)';
const BAD_MOSTRO_KEY = 'Invalid mostro_pubkey format (expected 64 hex characters)';
const BAD_BASE64 = 'Invalid base64 encoding in encrypted_token';
const BAD_SEAL = 'Failed to decrypt token';
const BAD_PLATFORM = 'Invalid platform identifier';
const KEY = freshKey();
const PLAIN = { token: 'the-token', platform: 'android' };
const base64 = (bytes: number): string => randomBytes(bytes).toString('base64');
const badSize = (bytes: number): string => `Invalid encrypted token size (expected 281 bytes, got ${bytes})`;

const OWN = generateSecretKey();
// Sealing uses the x coordinate alone, which is the same for both points of an x-only key.
const SERVER_PUBKEY = `02${getPublicKey(OWN)}`;
const SERVER_PRIVATE_KEY = Buffer.from(OWN).toString('hex');

function sealedWith(bitFlippedAt?: number, serverPubkey = SERVER_PUBKEY): string {
  const sealed = Buffer.from(sealToken({ serverPubkey, platform: 'ios', token: 'the-token' }), 'base64');
  if (bitFlippedAt !== undefined) sealed[bitFlippedAt]! ^= 1;
  return sealed.toString('base64');
}

const REFUSALS: [string, unknown, string][] = [
  ...[
    undefined,
    null,
    7,
    true,
    [],
    {},
    [KEY],
    '',
    'ab',
    `${KEY}0`,
    KEY.slice(1),
    ` ${KEY}`,
    `0x${KEY}`,
    'g'.repeat(64),
  ].map((key): [string, unknown, string] => [
    `the trade_pubkey ${JSON.stringify(key)?.replace(KEY, 'K') ?? 'missing'}`,
    { ...PLAIN, trade_pubkey: key },
    BAD_KEY,
  ]),
  ...[7, [], {}, '', 'ab', 'z'.repeat(64)].map((key): [string, unknown, string] => [
    `the mostro_pubkey ${JSON.stringify(key)}`,
    { ...PLAIN, trade_pubkey: KEY, mostro_pubkey: key },
    BAD_MOSTRO_KEY,
  ]),
  ...[
    7,
    [],
    {},
    '!',
    'AAA',
    'AA==AA==',
    ' AAAA',
    Buffer.alloc(282, 255).toString('base64url'),
    `${'A'.repeat(376)}\n`,
  ].map((sealed): [string, unknown, string] => [
    `the encrypted_token ${JSON.stringify(sealed).slice(0, 12)} … of ${JSON.stringify(sealed).length} characters`,
    { trade_pubkey: KEY, encrypted_token: sealed },
    BAD_BASE64,
  ]),
  ...[0, 1, 265, 280, 282, 1084, 1086].map((bytes): [string, unknown, string] => [
    `an encrypted_token of ${bytes} bytes`,
    { trade_pubkey: KEY, encrypted_token: base64(bytes) },
    badSize(bytes),
  ]),
  ['281 random bytes', { trade_pubkey: KEY, encrypted_token: base64(281) }, BAD_SEAL],
  ['1085 random bytes', { trade_pubkey: KEY, encrypted_token: base64(1085) }, BAD_SEAL],
  [
    'a subscription that is a text',
    { trade_pubkey: KEY, subscription: 'https://push.example/' },
    'Invalid token',
  ],
  ['a subscription of nothing', { trade_pubkey: KEY, subscription: {} }, 'Invalid endpoint'],
  [
    'a subscription without keys',
    { trade_pubkey: KEY, subscription: { endpoint: 'https://push.example/' } },
    'Invalid token',
  ],
  ['281 zero bytes', { trade_pubkey: KEY, encrypted_token: Buffer.alloc(281).toString('base64') }, BAD_SEAL],
  ...[
    ['the key', 5],
    ['the nonce', 40],
    ['the ciphertext', 100],
    ['the tag', 280],
  ].map(([place, at]): [string, unknown, string] => [
    `a token with a flipped bit in ${place}`,
    { trade_pubkey: KEY, encrypted_token: sealedWith(Number(at)) },
    BAD_SEAL,
  ]),
  [
    'a token sealed to another server',
    { trade_pubkey: KEY, encrypted_token: sealedWith(undefined, `02${freshKey()}`) },
    BAD_SEAL,
  ],
  ...[undefined, null, '', 'windows', 'webpush', 2, ['ios']].map((platform): [string, unknown, string] => [
    `the platform ${JSON.stringify(platform) ?? 'missing'}`,
    { trade_pubkey: KEY, token: 'the-token', platform },
    BAD_PLATFORM,
  ]),
  ...[undefined, null, '', 7, ['t'], ' ', 'to ken', 'tok\u0000en', 'tokén', 't'.repeat(4097)].map(
    (token): [string, unknown, string] => [
      `the token ${JSON.stringify(token)?.slice(0, 12) ?? 'missing'}`,
      { trade_pubkey: KEY, token, platform: 'android' },
      'Invalid token',
    ],
  ),
  [
    'the endpoint https://',
    { trade_pubkey: KEY, token: 'https://', platform: 'android' },
    'Invalid endpoint',
  ],
  [
    'the token ftp://host/',
    { trade_pubkey: KEY, token: 'ftp://host/', platform: 'android' },
    'Invalid token',
  ],
];

test.each(REFUSALS)(
  'a registration that is refused for %s gets the contract’s 400 and changes nothing',
  async (_name, body, message) => {
    const server = await apiServer({ SERVER_PRIVATE_KEY });
    await server.post('/api/register', { ...PLAIN, trade_pubkey: freshKey(), platform: 'ios' });
    const answer = await server.post('/api/register', body);
    expect(answer).toMatchObject({ status: 400, text: JSON.stringify({ success: false, message }) });
    expect(await countsOf(server)).toBe('{"total":1,"android":0,"ios":1,"webpush":0}');
  },
);

test('a registration that is refused keeps the key’s device, and the refused device is never woken', async () => {
  const { relay, google, server, woken } = await setScene({ environment: { SERVER_PRIVATE_KEY } });
  await server.post('/api/register', { trade_pubkey: KEY, token: 'the-former-token', platform: 'ios' });
  for (const [, body] of REFUSALS) expect((await server.post('/api/register', body)).status).toBe(400);
  relay.broadcast(eventFor([KEY]));
  expect(await woken()).toEqual(['the-former-token']);
  // The same body without the mistake is accepted.
  const genuine = await server.post('/api/register', { trade_pubkey: KEY, encrypted_token: sealedWith() });
  expect(genuine.status).toBe(200);
  expect(google.refusals.count).toBe(0);
});

test('a trade key that /api/register refuses is refused by /api/unregister too', async () => {
  const server = await apiServer();
  for (const [, body] of REFUSALS.filter(([, , message]) => message === BAD_KEY)) {
    const answer = await server.post('/api/unregister', body);
    expect(answer).toMatchObject({ status: 400, body: { success: false, message: BAD_KEY } });
  }
});
