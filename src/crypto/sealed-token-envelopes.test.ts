import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { sealToken } from '../../stand-ins/sealed-token.ts';
import { fromBase64 } from '../../test/support/sealed-token-vectors.ts';
import { openToken, SEALED_TOKEN_SIZES } from './sealed-token.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from './server-key.ts';
import { wasmCurve } from './wasm-curve.ts';

const curve = wasmCurve();
const serverKey = parseServerKey(generatePrivateKey()) as ServerKey;

function open(sealed: Uint8Array): ReturnType<typeof openToken> {
  return openToken(sealed, serverKey.privateKey.reveal(), curve);
}

type Request = Pick<Parameters<typeof sealToken>[0], 'platform' | 'token' | 'hashedPoint'>;

function seal(request: Request): Uint8Array {
  const envelope = { serverPubkey: serverKey.publicKeyHex, format: 'mostro-push-v2' } as const;
  return fromBase64(sealToken({ ...request, ...envelope }));
}

describe('the longer envelope', () => {
  const anyPlatform = fc.constantFrom('android' as const, 'ios' as const, 'webpush' as const, 'web' as const);
  const longToken = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 1021 })
    .filter((text) => Buffer.byteLength(text) <= 1021);

  test('has 1085 bytes, and opens to what went in', () => {
    expect(SEALED_TOKEN_SIZES).toEqual([281, 1085]);
    fc.assert(
      fc.property(anyPlatform, longToken, (which, text) => {
        const sealed = seal({ platform: which, token: text });
        expect(sealed).toHaveLength(1085);
        expect(open(sealed)).toEqual({ platform: which, token: text });
      }),
      { numRuns: 50 },
    );
  });

  test('does not open by the hashed point of the Rust server, which never had it', () => {
    const sealed = seal({ platform: 'ios', token: 't', hashedPoint: true });
    expect(open(sealed)).toBe('Failed to decrypt token');
  });

  test('does not open with any flipped bit behind the first byte', () => {
    const sealed = seal({ platform: 'webpush', token: '{}' });
    fc.assert(
      fc.property(fc.integer({ min: 8, max: 1085 * 8 - 1 }), (bit) => {
        const flipped = Uint8Array.from(sealed);
        flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(open(flipped)).toBe('Failed to decrypt token');
      }),
      { numRuns: 100 },
    );
  });

  test.each([0, 1, 280, 282, 1084, 1086])(
    'does not open if it has %i bytes, and nothing is thrown',
    (length) => {
      expect(open(new Uint8Array(length))).toBe('Failed to decrypt token');
    },
  );
});
