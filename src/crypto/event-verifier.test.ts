import { schnorr } from '@noble/curves/secp256k1.js';
import fc from 'fast-check';
import { getEventHash, type UnsignedEvent } from 'nostr-tools/pure';
import { describe, expect, test } from 'vitest';

import { everyCurve } from '../../test/support/every-curve.ts';
import { anyTags, signedEvent, unsignedEvent } from '../../test/support/events.ts';
import { fromHex } from '../../test/support/sealed-token-vectors.ts';
import type { NostrEvent } from '../core/nostr/nostr-event.ts';
import { createEventVerifier } from './event-verifier.ts';

const secretKey = fromHex('77'.repeat(32));
const genuine = signedEvent(
  {
    tags: [
      ['p', 'c'.repeat(64)],
      ['expiration', '1'],
    ],
    content: 'grüße "\\\n',
  },
  secretKey,
);

/** The event with some members changed and the right id for them. The signature is the former one. */
function rehashed(parts: Partial<NostrEvent>): NostrEvent {
  const event = { ...genuine, ...parts };
  return { ...event, id: getEventHash(structuredClone(event) as unknown as UnsignedEvent) };
}

function flipped(hex: string, at: number): string {
  const digit = (Number.parseInt(hex.charAt(at), 16) ^ 1).toString(16);
  return hex.slice(0, at) + digit + hex.slice(at + 1);
}

const curves = await everyCurve();

describe.each(curves)('by $library', (curve) => {
  const eventVerifier = createEventVerifier(curve);

  describe('a genuine event passes', () => {
    test('as nostr-tools signs it', () => {
      expect(eventVerifier.verify(genuine)).toBe('genuine');
    });

    test('whatever its kind, tags and content', () => {
      const content = fc.string({ unit: 'binary' });
      fc.assert(
        fc.property(fc.nat(65_535), anyTags, content, fc.nat(), (kind, tags, text, created_at) => {
          expect(
            eventVerifier.verify(signedEvent({ kind, tags, content: text, created_at }, secretKey)),
          ).toBe('genuine');
        }),
        { numRuns: 30 },
      );
    });
  });

  describe('a changed event fails', () => {
    const changes: [string, Partial<NostrEvent>][] = [
      ['the public key', { pubkey: flipped(genuine.pubkey, 63) }],
      ['the content', { content: `${genuine.content} ` }],
      ['the time', { created_at: genuine.created_at + 1 }],
      ['the kind', { kind: 14 }],
      [
        'the tags',
        {
          tags: [
            ['p', 'e'.repeat(64)],
            ['expiration', '1'],
          ],
        },
      ],
      ['the order of the tags', { tags: genuine.tags.toReversed() }],
      ['the division of the tags', { tags: [['p', 'c'.repeat(64), 'expiration', '1']] }],
    ];

    test.each([...changes, ['the id', { id: flipped(genuine.id, 0) }] as const])('in %s', (_, parts) => {
      expect(eventVerifier.verify({ ...genuine, ...parts })).toBe('forged');
    });

    test.each(changes)('in %s, even with the id that belongs to it', (_, parts) => {
      expect(eventVerifier.verify(rehashed(parts))).toBe('forged');
    });

    test('in any bit of its signature', () => {
      fc.assert(
        fc.property(fc.nat(127), (at) => {
          expect(eventVerifier.verify({ ...genuine, sig: flipped(genuine.sig, at) })).toBe('forged');
        }),
        { numRuns: 40 },
      );
    });

    test('when it has the signature of another event of the same author', () => {
      const { sig } = signedEvent({ content: 'other' }, secretKey);
      expect(eventVerifier.verify({ ...genuine, sig })).toBe('forged');
    });

    test('when another author signed it', () => {
      const sig = Buffer.from(schnorr.sign(fromHex(genuine.id), fromHex('66'.repeat(32)))).toString('hex');
      expect(eventVerifier.verify({ ...genuine, sig })).toBe('forged');
    });
  });

  describe('an event without a true signature and key is forged, and nothing is thrown', () => {
    test.each([
      ['a signature of all ones', { sig: 'f'.repeat(128) }],
      ['a signature of zeros', { sig: '0'.repeat(128) }],
      ['an s beyond the order', { sig: genuine.sig.slice(0, 64) + 'f'.repeat(64) }],
      ['an r beyond the field', { sig: 'f'.repeat(64) + genuine.sig.slice(64) }],
      ['a key beyond the field', { pubkey: 'f'.repeat(64) }],
      ['a key that is not on the curve', { pubkey: `${'0'.repeat(63)}5` }],
      ['a key of zeros', { pubkey: '0'.repeat(64) }],
    ])('%s', (_, parts) => {
      expect(eventVerifier.verify(rehashed(parts))).toBe('forged');
    });

    test('an event made up from nothing', () => {
      expect(eventVerifier.verify(unsignedEvent())).toBe('forged');
    });
  });
});
