import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';

import { tradeKey } from '../../../test/support/registrations.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { IncumbentTokens, type TokenRow } from './incumbent-tokens.ts';

const STORE_KEY = new Uint8Array(32).fill(7);
const NOW = 1_800_000_000_000;
const HOUR_SECONDS = 3600;
const lifetime = { ttlMs: 48 * HOUR_MS, maxAgeMs: 720 * HOUR_MS };

function derived(info: string, bytes = 32): Uint8Array {
  return hkdf(sha256, STORE_KEY, Buffer.from('mostro-push-token-store-v1'), Buffer.from(info), bytes);
}

/** A row as the Rust server writes it, sealed by another library. @param hours since the registration */
function row(token: string, { hours = 1, ...others }: Partial<TokenRow> & { hours?: number } = {}): TokenRow {
  const nonce = new Uint8Array(12).fill(token.length);
  const trade_pubkey = tradeKey(1);
  const key = derived('device-token-encryption');
  const token_ct = chacha20poly1305(key, nonce, Buffer.from(trade_pubkey)).encrypt(Buffer.from(token));
  const registered_at = NOW / 1000 - hours * HOUR_SECONDS;
  return { trade_pubkey, platform: 0, registered_at, nonce, token_ct, ...others };
}

function tokensOf(storeKey: Uint8Array): IncumbentTokens {
  return new IncumbentTokens({
    storeKey,
    allowsEndpoint: ({ protocol }) => protocol === 'https:',
    lifetime,
    clock: () => NOW,
  });
}

function read(...rows: TokenRow[]): { taken: unknown[]; counts: Record<string, number> } {
  const tokens = tokensOf(STORE_KEY);
  const taken = [...tokens.read(rows)];
  const counts = Object.fromEntries(Object.entries(tokens.counts).filter(([, count]) => count > 0));
  return { taken, counts };
}

test('a row of the Rust server becomes a registration that lives from the time at which its app registered', () => {
  const made = { tradePubkey: tradeKey(1), woken: false, signed: false };
  const [registeredAt, expiresAt] = [NOW - 47 * HOUR_MS, NOW + HOUR_MS];
  expect(read(row('a:token', { hours: 47 }), row('b:token', { hours: 47, platform: 1 })).taken).toEqual([
    { ...made, target: { type: 'fcm', token: 'a:token' }, platform: 'android', registeredAt, expiresAt },
    { ...made, target: { type: 'fcm', token: 'b:token' }, platform: 'ios', registeredAt, expiresAt },
  ]);
  const endpoint = 'https://push.example/up';
  expect(read(row(endpoint)).taken).toMatchObject([{ target: { type: 'unifiedpush', endpoint } }]);
});

test('a row from the future lives no longer than one of now', () => {
  const [taken] = read(row('a:token', { hours: -9 })).taken;
  expect(taken).toMatchObject({ registeredAt: NOW, expiresAt: NOW + 48 * HOUR_MS });
});

const sealed = row('a:token');
const wrong = Uint8Array.from(sealed.token_ct as Uint8Array, (byte, at) => (at === 0 ? byte ^ 1 : byte));

test.each<[string, TokenRow, string]>([
  ['whose time to live is over', row('a:token', { hours: 48 }), 'expired'],
  ['of an unknown platform', row('a:token', { platform: 2 }), 'unknown platform'],
  ['with a changed byte', { ...sealed, token_ct: wrong }, 'unreadable'],
  ['that was sealed for another key', { ...sealed, trade_pubkey: tradeKey(2) }, 'unreadable'],
  ['without a key', { ...sealed, trade_pubkey: null }, 'unreadable'],
  ['without a nonce', { ...sealed, nonce: null }, 'unreadable'],
  ['with a short nonce', { ...sealed, nonce: new Uint8Array(11) }, 'unreadable'],
  ['with too few bytes', { ...sealed, token_ct: new Uint8Array(15) }, 'unreadable'],
  ['without a time', { ...sealed, registered_at: 'today' }, 'unreadable'],
  ['with a token that Google never made', row('not a token'), 'refused'],
  ['with an endpoint that is not allowed', row('http://push.example/up'), 'refused'],
])('a row %s is left out and counted', (_, one, fate) => {
  expect(read(one, sealed)).toMatchObject({
    taken: [{ platform: 'android' }],
    counts: { taken: 1, [fate]: 1 },
  });
});

test('the fingerprint in the database tells whether the key is the right one, whatever its length', () => {
  for (const bytes of [8, 16, 32]) {
    const fingerprint = derived('key-fingerprint', bytes);
    expect(tokensOf(STORE_KEY).hasFingerprint(fingerprint)).toBe(true);
    expect(tokensOf(new Uint8Array(32)).hasFingerprint(fingerprint)).toBe(false);
  }
});
