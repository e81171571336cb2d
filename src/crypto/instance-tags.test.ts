import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hex } from '../../test/support/registrations.ts';
import { InstanceTags } from './instance-tags.ts';

const KEY = new Uint8Array(32).fill(1);
const NEXT_KEY = new Uint8Array(32).fill(2);

describe('the tag of a Mostro instance', () => {
  test('is a number of 16 bits that is not 0, and is that of the same public key', () => {
    const tags = new InstanceTags([KEY]);
    fc.assert(
      fc.property(hex(64), (pubkey) => {
        const tag = tags.of(pubkey);
        expect(Number.isInteger(tag) && tag >= 1 && tag <= 65_535).toBe(true);
        expect(tags.isOf(tag, pubkey)).toBe(true);
      }),
    );
  });

  test('is that of another public key once in some 65 000', () => {
    const tags = new InstanceTags([KEY]);
    const tag = tags.of('a'.repeat(64));
    const others = Array.from({ length: 10_000 }, (_, n) => n.toString(16).padStart(64, '0'));
    expect(others.filter((other) => tags.isOf(tag, other)).length).toBeLessThan(5);
  });

  test('cannot be told without the key, and counts under the key that came after it', () => {
    const [before, after, stranger] = [[KEY], [NEXT_KEY, KEY], [NEXT_KEY]].map(
      (keys) => new InstanceTags(keys),
    );
    const pubkeys = Array.from({ length: 20 }, (_, n) => n.toString(16).padStart(64, '0'));
    const told = pubkeys.map((pubkey) => before?.of(pubkey) ?? 0);
    expect(pubkeys.every((pubkey, n) => after?.isOf(told[n] ?? 0, pubkey))).toBe(true);
    expect(pubkeys.every((pubkey, n) => stranger?.isOf(told[n] ?? 0, pubkey))).toBe(false);
  });
});
