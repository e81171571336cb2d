import { createECDH } from 'node:crypto';

import { describe, expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { tradeKey } from '../../test/support/registrations.ts';
import { openToken, SEALED_TOKEN_SIZES } from '../crypto/sealed-token.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from '../crypto/server-key.ts';
import { wasmCurve } from '../crypto/wasm-curve.ts';
import { parseWebPushKeys } from '../crypto/web-push-keys.ts';
import { parseRegistration, type RegistrationRules } from './registration-body.ts';

const serverKey = parseServerKey(generatePrivateKey()) as ServerKey;
const curve = wasmCurve();
const RULES: RegistrationRules = {
  openToken: (bytes) => openToken(bytes, serverKey.privateKey.reveal(), curve),
  sealedTokenSizes: SEALED_TOKEN_SIZES,
  parseKeys: parseWebPushKeys,
  allowPlaintextTokens: true,
  allowsEndpoint: ({ protocol }) => protocol === 'https:',
  enabled: new Set(['fcm', 'unifiedpush'] as const),
  tagOf: () => 7,
  wakePolicies: new Set(),
  trustedInstances: undefined,
};
const ENDPOINT = 'https://push.example/up?x=1';
const subscription = new WebPushSubscription(ENDPOINT);
const { keys } = subscription;
const trade_pubkey = tradeKey(1);

/** The longest endpoint that fits beside its keys into the longer envelope. */
const LONGEST_SEALED = `https://push.example/${'x'.repeat(875 - 21)}`;

function read(body: object, rules: Partial<RegistrationRules> = {}): unknown {
  try {
    return parseRegistration(trade_pubkey, body, { ...RULES, ...rules });
  } catch (error) {
    return (error as Error).message;
  }
}

function sealed(token: string): object {
  const request = { serverPubkey: serverKey.publicKeyHex, platform: 'webpush', token } as const;
  return { encrypted_token: sealToken({ ...request, format: 'mostro-push-v2' }) };
}

/** The same content in every shape: as the W3C's JSON, and sealed in both forms. */
function shapes({ endpoint, ...parts }: Record<string, unknown>): [string, object][] {
  const asBrowsersWriteIt = JSON.stringify({ endpoint, expirationTime: null, keys: parts });
  return [
    ['sealed as a browser writes it', sealed(asBrowsersWriteIt)],
    ['plain', { subscription: { endpoint, keys: parts } }],
    ['sealed', sealed(JSON.stringify({ endpoint, ...parts }))],
  ];
}

const TAKEN = {
  platform: 'webpush',
  target: { type: 'unifiedpush', endpoint: ENDPOINT, keys },
};

describe('a Web Push subscription', () => {
  test.each(shapes({ endpoint: ENDPOINT, ...keys }))('is taken with its keys, %s', (_, body) => {
    expect(read(body)).toEqual(TAKEN);
  });

  test('may have all fields that a browser adds, and a null token and a null sealed token beside it', () => {
    const body = {
      subscription: { ...subscription.toJSON(), expirationTime: null, other: 1 },
      encrypted_token: null,
      token: null,
      mostro_pubkey: 'a'.repeat(64),
    };
    expect(read(body)).toEqual({ ...TAKEN, instance: 7 });
  });

  test('is used before a plain token beside it, and a sealed token is used before it', () => {
    const plain = { token: 'a:token', platform: 'android' };
    expect(read({ ...plain, subscription })).toEqual(TAKEN);
    const other = new WebPushSubscription('https://push.example/other');
    expect(read({ ...sealed(other.sealedContent), subscription })).toMatchObject({
      target: { endpoint: other.endpoint },
    });
  });

  test.each([
    ['with padding', { p256dh: `${keys.p256dh}=`, auth: `${keys.auth}==` }],
    [
      'in plain base64',
      {
        p256dh: Buffer.from(keys.p256dh, 'base64url').toString('base64'),
        auth: Buffer.from(keys.auth, 'base64url').toString('base64'),
      },
    ],
  ])('may write its keys %s', (_, written) => {
    for (const [, body] of shapes({ endpoint: ENDPOINT, ...written })) expect(read(body)).toEqual(TAKEN);
  });

  const off = Buffer.from(keys.p256dh, 'base64url');
  off[64] = (off[64] as number) ^ 1;
  const hybrid = Buffer.from(keys.p256dh, 'base64url');
  hybrid[0] = 6 + ((hybrid[64] as number) & 1);
  const compressed = createECDH('prime256v1').generateKeys('base64url', 'compressed');
  test.each([
    ['no keys', {}],
    ['no p256dh', { auth: keys.auth }],
    ['no auth', { p256dh: keys.p256dh }],
    ['keys that are null', { p256dh: null, auth: null }],
    ['keys that are numbers', { p256dh: 4, auth: 16 }],
    ['a point that is not on the curve', { ...keys, p256dh: off.toString('base64url') }],
    ['a point in the hybrid form', { ...keys, p256dh: hybrid.toString('base64url') }],
    ['a compressed point', { ...keys, p256dh: compressed }],
    ['a point of zeros', { ...keys, p256dh: Buffer.alloc(65).toString('base64url') }],
    ['the point at infinity', { ...keys, p256dh: 'AA' }],
    ['a point of 64 bytes', { ...keys, p256dh: off.subarray(1).toString('base64url') }],
    ['15 bytes of auth', { ...keys, auth: Buffer.alloc(15).toString('base64url') }],
    ['17 bytes of auth', { ...keys, auth: Buffer.alloc(17).toString('base64url') }],
    ['an empty auth', { ...keys, auth: '' }],
    ['an auth that is no base64', { ...keys, auth: `${keys.auth.slice(1)}!` }],
    ['white space around the auth', { ...keys, auth: ` ${keys.auth}` }],
    ['the keys of the wrong names', { p256dh: keys.auth, auth: keys.p256dh }],
  ])('is refused with %s, in every shape', (_, parts) => {
    for (const [, body] of shapes({ endpoint: ENDPOINT, ...parts })) expect(read(body)).toBe('Invalid token');
  });

  test.each([
    ['no endpoint', undefined],
    ['an endpoint that is null', null],
    ['an endpoint that is no text', { href: ENDPOINT }],
    ['an endpoint that is an FCM token', 'dQw4w9WgXcQ:APA91b'],
    ['an endpoint on http', 'http://push.example/up'],
    ['an endpoint with a password', 'https://a:b@push.example/up'],
    ['an endpoint with a fragment', 'https://push.example/up#x'],
  ])('is refused with %s, in every shape', (_, endpoint) => {
    for (const [, body] of shapes({ endpoint, ...keys })) expect(read(body)).toBe('Invalid endpoint');
  });

  test.each([
    ['null', null],
    ['a text', 'x'],
  ])('has its keys beside the endpoint when "keys" is %s', (_, other) => {
    expect(read(sealed(JSON.stringify({ ...keys, endpoint: ENDPOINT, keys: other })))).toEqual(TAKEN);
  });

  test('may have an endpoint of 1000 bytes, and of 875 sealed', () => {
    const longest = `https://push.example/${'x'.repeat(1000 - 21)}`;
    expect(read({ subscription: { endpoint: longest, keys } })).toMatchObject({ platform: 'webpush' });
    expect(read({ subscription: { endpoint: `${longest}x`, keys } })).toBe('Invalid endpoint');
    const content = JSON.stringify({ endpoint: LONGEST_SEALED, ...keys });
    expect(content).toHaveLength(1021);
    expect(read(sealed(content))).toMatchObject({ target: { endpoint: LONGEST_SEALED } });
  });

  test.each([
    ['a text', 'x'],
    ['an array', [subscription]],
    ['a number', 5],
    ['true', true],
  ])('is refused when it is %s', (_, value) => {
    expect(read({ subscription: value })).toBe('Invalid token');
  });

  test.each(['', 'x', 'null', '[]', '"x"', '7', '{"endpoint":', `[${subscription.sealedContent}]`])(
    'is refused when the sealed JSON is %j',
    (text) => {
      if (text !== '') expect(read(sealed(text))).toBe('Invalid token');
    },
  );

  test.each([1084, 1086])('sealed in %i bytes is refused, and the answer names 281 bytes', (bytes) => {
    expect(read({ encrypted_token: Buffer.alloc(bytes).toString('base64') })).toBe(
      `Invalid encrypted token size (expected 281 bytes, got ${bytes})`,
    );
  });

  test('is refused if plain tokens are switched off, and taken if it is sealed', () => {
    const rules = { allowPlaintextTokens: false };
    expect(read({ subscription }, rules)).toBe('Plaintext tokens are disabled, send encrypted_token');
    expect(read(sealed(subscription.sealedContent), rules)).toEqual(TAKEN);
  });

  test('is refused when UnifiedPush is switched off', () => {
    const rules = { enabled: new Set(['fcm'] as const) };
    for (const [, body] of shapes({ endpoint: ENDPOINT, ...keys }))
      expect(read(body, rules)).toBe('Push provider not enabled');
  });
});
