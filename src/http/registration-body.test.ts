import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { tradeKey } from '../../test/support/registrations.ts';
import { fromHex, invalidVectors, validVectors } from '../../test/support/sealed-token-vectors.ts';
import type { PushTarget } from '../core/registry/push-target.ts';
import { openToken, SEALED_TOKEN_SIZES } from '../crypto/sealed-token.ts';
import { wasmCurve } from '../crypto/wasm-curve.ts';
import { parseWebPushKeys } from '../crypto/web-push-keys.ts';
import { ApiError } from './api-error.ts';
import {
  parseRegistration,
  readTradePubkey,
  RegistrationBody,
  type RegistrationRules,
} from './registration-body.ts';

const KEY = validVectors[0]?.server_private_key ?? '';
const curve = wasmCurve();
const RULES: RegistrationRules = {
  openToken: (sealed) => openToken(sealed, fromHex(KEY), curve),
  sealedTokenSizes: SEALED_TOKEN_SIZES,
  parseKeys: parseWebPushKeys,
  allowPlaintextTokens: true,
  allowsEndpoint: ({ protocol }) => protocol === 'https:',
  enabled: new Set(['fcm', 'unifiedpush'] as const),
  wakePolicies: new Set(['prompt', 'slots'] as const),
  tagOf: () => 7,
  trustedInstances: undefined,
};
const PLAIN = { trade_pubkey: tradeKey(1), token: 'a:token', platform: 'android' };

/** Reads a body as the route does: the key first. */
function register(body: unknown, rules: RegistrationRules): { tradePubkey: string; target: PushTarget } {
  const tradePubkey = readTradePubkey(body);
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

/** The push target in the token that a vector seals. */
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

  test('of a wrong size is refused without being opened', () => {
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
  ])('is refused as no base64 when it is %s', (_, encrypted_token) => {
    expect(failureOf({ trade_pubkey: tradeKey(1), encrypted_token })).toBe(
      'Invalid base64 encoding in encrypted_token',
    );
  });

  test('that is empty is refused for its size of 0', () => {
    expect(failureOf({ trade_pubkey: tradeKey(1), encrypted_token: '' })).toBe(
      'Invalid encrypted token size (expected 281 bytes, got 0)',
    );
  });

  test('is taken where plain tokens are switched off', () => {
    const encrypted_token = validVectors[0]?.encrypted_token;
    const rules = { ...RULES, allowPlaintextTokens: false };
    expect(() => register({ trade_pubkey: tradeKey(1), encrypted_token }, rules)).not.toThrow();
  });

  test('is used, and a plain token beside it is ignored', () => {
    const { encrypted_token, token } = validVectors[0] ?? {};
    const { target } = register({ ...PLAIN, encrypted_token }, RULES);
    expect(target).toMatchObject({ token });
  });
});

describe('a plain registration', () => {
  test('points its trade key at the device', () => {
    expect(register(PLAIN, RULES)).toEqual({
      tradePubkey: tradeKey(1),
      target: { type: 'fcm', token: 'a:token' },
      platform: 'android',
    });
  });

  test('is taken with a sealed token that is null beside it', () => {
    expect(register({ ...PLAIN, encrypted_token: null }, RULES)).toEqual(register(PLAIN, RULES));
  });

  test('whose token is a URL is for a UnifiedPush endpoint', () => {
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

  test('keeps a tag of its Mostro instance, made of the lower-case key', () => {
    const rules = {
      ...RULES,
      tagOf: (key: string, instance: string) => (key === tradeKey(1) && instance === 'a'.repeat(64) ? 7 : 8),
    };
    expect(register({ ...PLAIN, mostro_pubkey: 'A'.repeat(64) }, rules)).toMatchObject({ instance: 7 });
    for (const named of [{}, { mostro_pubkey: null }])
      expect(register({ ...PLAIN, ...named }, rules)).not.toHaveProperty('instance');
  });

  test('is for a conversation if its kind says so; every other kind is ignored', () => {
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
    ['an installation id that is none', { ...PLAIN, fid: 'short' }, 'Invalid token'],
    ['an installation id that is no text', { ...PLAIN, fid: 5 }, 'Invalid token'],
    ['an installation id with its prefix', { ...PLAIN, fid: `fid:${'a'.repeat(22)}` }, 'Invalid token'],
    [
      'a platform that the new app has for the rest',
      { ...PLAIN, platform: 'unknown' },
      'Invalid platform identifier',
    ],
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

describe('the description of a registration in the API', () => {
  const subscription = { endpoint: 'https://push.example/up', keys: {} };
  /** The fields of each shape, with values that are right and values that are wrong. */
  const SHAPES: readonly [string, Record<string, unknown[]>][] = [
    ['sealed', { encrypted_token: [validVectors[0]?.encrypted_token, 'not base64!', 5] }],
    ['plain', { token: ['a:token', '', 5], platform: ['android', 'iOS', 'windows', 5] }],
    ['installation', { fid: ['a'.repeat(22), 'a', 5], platform: ['android', 'WEB', 'windows', 5] }],
    ['subscription', { subscription: [subscription, 'text', 5] }],
  ];
  const COMMON = {
    trade_pubkey: [tradeKey(1), tradeKey(0xabc).toUpperCase(), 'ab', 5],
    mostro_pubkey: [undefined, null, tradeKey(2), 'npub1', 5],
    kind: [undefined, null, 'conversation'],
  };
  const rules = {
    ...RULES,
    openToken: () => ({ platform: 'android', token: 'a:token' }) as const,
    parseKeys: () => ({ p256dh: '', auth: '' }),
  };
  const isTaken = (body: unknown): boolean => {
    try {
      register(body, rules);
      return true;
    } catch {
      return false;
    }
  };

  test.each(SHAPES)('allows exactly the bodies that the parser takes, in the shape %s', (_, shape) => {
    const fields = Object.entries({ ...COMMON, ...shape });
    const body = fc.record(
      Object.fromEntries(fields.map(([name, values]) => [name, fc.constantFrom(...values)])),
    );
    fc.assert(
      fc.property(body, (written) => {
        expect(RegistrationBody.safeParse(written).success).toBe(isTaken(written));
      }),
      { numRuns: 300 },
    );
  });
});

describe('the body of an unregistration', () => {
  test('names the trade key in any case', () => {
    expect(readTradePubkey({ trade_pubkey: tradeKey(0xabc).toUpperCase() })).toBe(tradeKey(0xabc));
  });

  test.each([null, {}, [], 'x', { trade_pubkey: 1 }, { trade_pubkey: `${tradeKey(1)}\n` }])(
    'is refused without a trade key: %j',
    (body) => {
      expect(() => readTradePubkey(body)).toThrow('Invalid trade_pubkey format (expected 64 hex characters)');
    },
  );
});
