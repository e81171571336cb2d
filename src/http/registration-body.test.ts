import { describe, expect, test } from 'vitest';

import { tradeKey } from '../../test/support/registrations.ts';
import { fromHex, invalidVectors, validVectors } from '../../test/support/sealed-token-vectors.ts';
import type { PushTarget } from '../core/registry/push-target.ts';
import { openToken, SEALED_TOKEN_SIZES } from '../crypto/sealed-token.ts';
import { wasmCurve } from '../crypto/wasm-curve.ts';
import { parseWebPushKeys } from '../crypto/web-push-keys.ts';
import { ApiError } from './api-error.ts';
import { parseRegistration, parseUnregistration, type RegistrationRules } from './registration-body.ts';

const KEY = validVectors[0]?.server_private_key ?? '';
const curve = wasmCurve();
const RULES: RegistrationRules = {
  openToken: (sealed) => openToken(sealed, fromHex(KEY), curve),
  sealedTokenSizes: SEALED_TOKEN_SIZES,
  parseKeys: parseWebPushKeys,
  allowPlaintextTokens: true,
  allowsEndpoint: ({ protocol }) => protocol === 'https:',
  enabled: new Set(['fcm', 'unifiedpush'] as const),
  tagOf: () => 7,
  trustedInstances: undefined,
};
const PLAIN = { trade_pubkey: tradeKey(1), token: 'a:token', platform: 'android' };

/** As the route does it: the key first. */
function register(body: unknown, rules: RegistrationRules): { tradePubkey: string; target: PushTarget } {
  const tradePubkey = parseUnregistration(body);
  return { tradePubkey, ...parseRegistration(tradePubkey, body, rules) };
}

function neverOpened(): never {
  throw new Error('opened');
}

function failureOf(body: unknown, rules: Partial<RegistrationRules> = {}): string {
  try {
    register(body, { ...RULES, ...rules });
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ statusCode: 400 });
    return (error as ApiError).message;
  }
  return 'no failure';
}

/** Where wakes go for what a vector seals. */
function targetOf(token: string): PushTarget {
  if (token.startsWith('http')) return { type: 'unifiedpush', endpoint: token };
  if (!token.startsWith('{')) return { type: 'fcm', token };
  const { endpoint, ...keys } = JSON.parse(token) as { endpoint: string; p256dh: string; auth: string };
  return { type: 'unifiedpush', endpoint, keys };
}

describe('a sealed registration', () => {
  test.each(validVectors)('"$name" leads to its device', ({ encrypted_token, token, platform }) => {
    const body = { trade_pubkey: tradeKey(1), encrypted_token };
    const { target, ...rest } = register(body, RULES);
    expect(rest).toEqual({ tradePubkey: tradeKey(1), platform });
    expect(target).toEqual(targetOf(token));
  });

  test.each(invalidVectors)('"$name" is answered "$message"', ({ encrypted_token, message }) => {
    expect(failureOf({ trade_pubkey: tradeKey(1), encrypted_token })).toBe(message);
  });

  test('is never opened when it has the wrong size', () => {
    const encrypted_token = Buffer.alloc(280).toString('base64');
    expect(failureOf({ trade_pubkey: tradeKey(1), encrypted_token }, { openToken: neverOpened })).toBe(
      'Invalid encrypted token size (expected 281 bytes, got 280)',
    );
  });

  test.each([
    ['a number', 7],
    ['base64url', '-_-_'],
    ['no padding', 'QQ'],
    ['stray bits in the last character', 'QR=='],
    ['white space', 'QUFB QUFB'],
    ['characters beyond base64', 'not base64!'],
  ])('is no base64 when it is %s', (_, encrypted_token) => {
    expect(failureOf({ trade_pubkey: tradeKey(1), encrypted_token })).toBe(
      'Invalid base64 encoding in encrypted_token',
    );
  });

  test('has a size even when it is empty', () => {
    expect(failureOf({ trade_pubkey: tradeKey(1), encrypted_token: '' })).toBe(
      'Invalid encrypted token size (expected 281 bytes, got 0)',
    );
  });

  test('is taken where plain tokens are not', () => {
    const encrypted_token = validVectors[0]?.encrypted_token;
    const rules = { ...RULES, allowPlaintextTokens: false };
    expect(() => register({ trade_pubkey: tradeKey(1), encrypted_token }, rules)).not.toThrow();
  });

  test('counts before a plain token beside it', () => {
    const { encrypted_token, token } = validVectors[0] ?? {};
    const { target } = register({ ...PLAIN, encrypted_token }, RULES);
    expect(target).toMatchObject({ token });
  });
});

describe('a plain registration', () => {
  test('points the key at the device', () => {
    expect(register(PLAIN, RULES)).toEqual({
      tradePubkey: tradeKey(1),
      target: { type: 'fcm', token: 'a:token' },
      platform: 'android',
    });
  });

  test('may have a sealed token beside it that is null', () => {
    expect(register({ ...PLAIN, encrypted_token: null }, RULES)).toEqual(register(PLAIN, RULES));
  });

  test('of a URL is for a UnifiedPush endpoint', () => {
    const { target } = register({ ...PLAIN, token: 'https://push.example/up?x=1' }, RULES);
    expect(target).toEqual({
      type: 'unifiedpush',
      endpoint: 'https://push.example/up?x=1',
    });
  });

  test('may name the platform and the keys in any case, and the Mostro instance', () => {
    const body = {
      ...PLAIN,
      trade_pubkey: tradeKey(0xabc).toUpperCase(),
      platform: 'iOS',
      mostro_pubkey: 'A'.repeat(64),
    };
    expect(register(body, RULES)).toMatchObject({
      tradePubkey: tradeKey(0xabc),
      platform: 'ios',
    });
  });

  test('leaves of the instance that it names what is kept of it, in lower case', () => {
    const rules = {
      ...RULES,
      tagOf: (key: string, instance: string) => (key === tradeKey(1) && instance === 'a'.repeat(64) ? 7 : 8),
    };
    expect(register({ ...PLAIN, mostro_pubkey: 'A'.repeat(64) }, rules)).toMatchObject({ instance: 7 });
    for (const named of [{}, { mostro_pubkey: null }])
      expect(register({ ...PLAIN, ...named }, rules)).not.toHaveProperty('instance');
  });

  test('may say that its key is a conversation’s, and nothing else by kind', () => {
    expect(register({ ...PLAIN, kind: 'conversation' }, RULES)).toMatchObject({ isConversation: true });
    for (const kind of ['trade', null, 14, undefined])
      expect(register({ ...PLAIN, kind }, RULES)).not.toHaveProperty('isConversation');
  });

  test.each([
    ['no object', null, 'Invalid trade_pubkey format (expected 64 hex characters)'],
    ['an array', [PLAIN], 'Invalid trade_pubkey format (expected 64 hex characters)'],
    ['a text', 'x', 'Invalid trade_pubkey format (expected 64 hex characters)'],
    ['an empty object', {}, 'Invalid trade_pubkey format (expected 64 hex characters)'],
    [
      'a key too short',
      { ...PLAIN, trade_pubkey: 'ab' },
      'Invalid trade_pubkey format (expected 64 hex characters)',
    ],
    [
      'a key in an array',
      { ...PLAIN, trade_pubkey: [tradeKey(1)] },
      'Invalid trade_pubkey format (expected 64 hex characters)',
    ],
    [
      'a wrong instance',
      { ...PLAIN, mostro_pubkey: 'npub1' },
      'Invalid mostro_pubkey format (expected 64 hex characters)',
    ],
    ['no token', { ...PLAIN, token: undefined }, 'Invalid token'],
    [
      'no token but a sealed one that is null',
      { trade_pubkey: tradeKey(1), encrypted_token: null },
      'Invalid token',
    ],
    ['an empty token', { ...PLAIN, token: '' }, 'Invalid token'],
    ['a token that is no text', { ...PLAIN, token: { length: 5 } }, 'Invalid token'],
    ['no platform', { ...PLAIN, platform: undefined }, 'Invalid platform identifier'],
    ['another platform', { ...PLAIN, platform: 'windows' }, 'Invalid platform identifier'],
    ['an endpoint that is not allowed', { ...PLAIN, token: 'http://push.example/' }, 'Invalid endpoint'],
  ])('is refused with %s', (_, body, message) => {
    expect(failureOf(body)).toBe(message);
  });

  test('is refused where plain tokens are switched off', () => {
    expect(failureOf(PLAIN, { allowPlaintextTokens: false })).toBe(
      'Plaintext tokens are disabled, send encrypted_token',
    );
  });

  test('is refused when its provider is switched off', () => {
    expect(failureOf(PLAIN, { enabled: new Set(['unifiedpush']) })).toBe('Push provider not enabled');
  });
});

describe('an unregistration', () => {
  test('names the key in any case', () => {
    expect(parseUnregistration({ trade_pubkey: tradeKey(0xabc).toUpperCase() })).toBe(tradeKey(0xabc));
  });

  test.each([null, {}, [], 'x', { trade_pubkey: 1 }, { trade_pubkey: `${tradeKey(1)}\n` }])(
    'is refused without a key: %j',
    (body) => {
      expect(() => parseUnregistration(body)).toThrow(
        'Invalid trade_pubkey format (expected 64 hex characters)',
      );
    },
  );
});
