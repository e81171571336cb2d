import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sealToken as sealIndependently } from '../../stand-ins/sealed-token.ts';
import { fromBase64 } from '../../test/support/sealed-token-vectors.ts';
import { openToken, SEALED_TOKEN_SIZES, sealToken } from './sealed-token.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from './server-key.ts';
import { wasmCurve } from './wasm-curve.ts';

const curve = wasmCurve();
const serverKey = parseServerKey(generatePrivateKey()) as ServerKey;

function open(sealed: Uint8Array): ReturnType<typeof openToken> {
  return openToken(sealed, serverKey.privateKey.reveal(), curve);
}

describe('the longer envelope', () => {
  const format = 'mostro-push-v2';
  const anyPlatform = fc.constantFrom('android' as const, 'ios' as const, 'webpush' as const);
  const longToken = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 1021 })
    .filter((text) => Buffer.byteLength(text) <= 1021);

  test('has 1085 bytes, and opens to what went in', () => {
    expect(SEALED_TOKEN_SIZES).toEqual([281, 1085]);
    fc.assert(
      fc.property(anyPlatform, longToken, (which, text) => {
        const sealed = sealToken({ platform: which, token: text }, serverKey.publicKey, format);
        expect(sealed).toHaveLength(1085);
        expect(open(sealed)).toEqual({ platform: which, token: text });
      }),
      { numRuns: 50 },
    );
  });

  test('opens when another library has sealed it', () => {
    const request = {
      serverPubkey: serverKey.publicKeyHex,
      platform: 'webpush',
      token: '{}',
      format,
    } as const;
    expect(open(fromBase64(sealIndependently(request)))).toEqual({ platform: 'webpush', token: '{}' });
  });

  test('does not open by the hashed point of the Rust server, which never had it', () => {
    const request = { serverPubkey: serverKey.publicKeyHex, platform: 'ios', token: 't', format } as const;
    expect(open(fromBase64(sealIndependently({ ...request, hashedPoint: true })))).toBe(
      'Failed to decrypt token',
    );
  });

  test('any bit that is flipped behind the first byte makes it one and the same failure', () => {
    const sealed = sealToken({ platform: 'webpush', token: '{}' }, serverKey.publicKey, format);
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 1085 * 8 - 1 }), (bit) => {
        const flipped = Uint8Array.from(sealed);
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(open(flipped)).toBe('Failed to decrypt token');
      }),
      { numRuns: 100 },
    );
  });

  test.each([
    ['a token of 1022 bytes', { platform: 'ios', token: 'x'.repeat(1022) }, format],
    ['a subscription in the shorter one', { platform: 'webpush', token: '{}' }, 'mostro-push-v1'],
  ] as const)('%s is refused', (_, content, name) => {
    expect(() => sealToken(content, serverKey.publicKey, name)).toThrow(RangeError);
  });

  test.each([0, 1, 280, 282, 1084, 1086])('%i bytes are a failure and not a throw', (length) => {
    expect(open(new Uint8Array(length))).toBe('Failed to decrypt token');
  });
});
