import fc from 'fast-check';
import { verifyEvent, type Event } from 'nostr-tools/pure';
import { describe, expect, test } from 'vitest';

import { anyTags } from '../../test/support/events.ts';
import { wasmCurve } from './wasm-curve.ts';
import { eventSigner } from './event-signer.ts';
import { createEventVerifier } from './event-verifier.ts';
import { generatePrivateKey, parseServerKey, type ServerKey } from './server-key.ts';

const TEMPLATE = { kind: 22_242, created_at: 1_767_225_600, tags: [['challenge', 'c']], content: '' };

function someKey(): ServerKey {
  return parseServerKey(generatePrivateKey()) as ServerKey;
}

describe('a signed event', () => {
  test('is genuine to nostr-tools and to this server, for any content and any key', () => {
    const template = fc.record({
      kind: fc.nat(65_535),
      created_at: fc.nat(4_000_000_000),
      tags: anyTags,
      content: fc.string({ unit: 'binary' }),
    });
    fc.assert(
      fc.property(template, (unsigned) => {
        const event = eventSigner(someKey()).sign(unsigned);
        // Rebuilt from JSON, as it arrives at a relay.
        expect(verifyEvent(JSON.parse(JSON.stringify(event)) as Event)).toBe(true);
        expect(createEventVerifier(wasmCurve()).verify(event)).toBe('genuine');
      }),
      { numRuns: 50 },
    );
  });

  test('is by the server’s x-only key, whichever sign its point has', () => {
    const keys = Array.from({ length: 12 }, someKey);
    for (const key of keys) expect(eventSigner(key).sign(TEMPLATE).pubkey).toBe(key.publicKeyHex.slice(2));
  });

  test('has the members of its template, and no others', () => {
    const { id, sig, pubkey, ...said } = eventSigner(someKey()).sign(TEMPLATE);
    expect(said).toEqual(TEMPLATE);
    expect([id, sig, pubkey].map(({ length }) => length)).toEqual([64, 128, 64]);
  });

  test('is signed with fresh chance every time (BIP-340)', () => {
    const signer = eventSigner(someKey());
    const [one, other] = [signer.sign(TEMPLATE), signer.sign(TEMPLATE)];
    expect([one.id === other.id, one.sig === other.sig]).toEqual([true, false]);
  });
});
