import { createHash } from 'node:crypto';

import fc from 'fast-check';
import { finalizeEvent, generateSecretKey } from 'nostr-tools/pure';

import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import { hex } from './registrations.ts';

/** An event of the right shape whose id and signature are not genuine. */
export function unsignedEvent(parts: Partial<NostrEvent> = {}): NostrEvent {
  return {
    id: 'a'.repeat(64),
    pubkey: 'b'.repeat(64),
    created_at: 1_767_225_600,
    kind: 1059,
    tags: [['p', 'c'.repeat(64)]],
    content: 'sealed',
    sig: 'd'.repeat(128),
    ...parts,
  };
}

/** A genuine event. It is rebuilt from JSON, because nostr-tools marks an event that it has signed as verified. */
export function signedEvent(parts: Partial<NostrEvent> = {}, secretKey = generateSecretKey()): NostrEvent {
  const {
    kind = 1059,
    created_at = 1_767_225_600,
    tags = [['p', 'c'.repeat(64)]],
    content = 'sealed',
  } = parts;
  const template = { kind, created_at, tags: structuredClone(tags) as string[][], content };
  return JSON.parse(JSON.stringify(finalizeEvent(template, secretKey))) as NostrEvent;
}

const text = fc.string({
  unit: fc.oneof(fc.constantFrom('"', '\\', '[', ']', '{', ',', '\n', 'p'), anyUnit()),
});

function anyUnit(): fc.Arbitrary<string> {
  return fc.string({ unit: 'binary', minLength: 1, maxLength: 1 });
}

const p = fc.constant('p');
const value = fc.oneof(
  hex(64),
  hex(64).map((key) => key.toUpperCase()),
  text,
);
const otherTag = fc.array(fc.oneof(fc.constantFrom('e', 'P', 'pp', 'expiration'), text), { maxLength: 4 });

/** Any tags: `p` at any place, once or often, with a key or with rubbish. */
export const anyTags: fc.Arbitrary<string[][]> = fc.array(
  fc.oneof<fc.Arbitrary<string[]>[]>(fc.tuple(p, value), fc.tuple(p, hex(64), text), fc.tuple(p), otherTag),
  { maxLength: 14 },
);

/** Any event of the right shape. */
export const anyEvent: fc.Arbitrary<NostrEvent> = fc.record({
  id: hex(64),
  pubkey: hex(64),
  created_at: fc.integer({ min: 0, max: 4_000_000_000 }),
  kind: fc.oneof(fc.constantFrom(14, 1059), fc.nat(70_000)),
  tags: anyTags,
  content: text,
  sig: hex(128),
});

/** The n-th of many distinct event ids. */
export function eventId(n: number): string {
  return createHash('sha256').update(`event ${n}`).digest('hex');
}
