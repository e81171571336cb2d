import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { hex, tradeKey } from '../../test/support/registrations.ts';
import { InstanceTags } from './instance-tags.ts';

const KEY = new Uint8Array(32).fill(1);
const NEXT_KEY = new Uint8Array(32).fill(2);
const INSTANCE = 'a'.repeat(64);

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, n) => n.toString(16).padStart(64, 'f'));
}

describe('the tag of a Mostro instance', () => {
  test('is a number of 15 bits that is not 0, and is that of the same public key', () => {
    const tags = new InstanceTags([KEY]);
    fc.assert(
      fc.property(hex(64), hex(64), (tradePubkey, instance) => {
        const tag = tags.of(tradePubkey, instance);
        expect(Number.isInteger(tag) && tag >= 1 && tag <= 32_767).toBe(true);
        expect(tags.isOf(tag, tradePubkey, instance)).toBe(true);
      }),
    );
  });

  test('is that of another public key once in some 33 000', () => {
    const tags = new InstanceTags([KEY]);
    const tag = tags.of(tradeKey(1), INSTANCE);
    expect(numbered(10_000).filter((other) => tags.isOf(tag, tradeKey(1), other)).length).toBeLessThan(6);
  });

  test('is that of a public key that was found for one trade key, and not for other trade keys', () => {
    const tags = new InstanceTags([KEY]);
    const own = tags.of(tradeKey(1), INSTANCE);
    const found = numbered(500_000).find((other) => tags.isOf(own, tradeKey(1), other)) ?? '';
    expect(found).not.toBe('');
    const victims = Array.from({ length: 1000 }, (_, n) => tradeKey(n + 2));
    const reached = victims.filter((victim) => tags.isOf(tags.of(victim, INSTANCE), victim, found));
    expect(reached.length).toBeLessThan(3);
  });

  test('cannot be told without the key, and counts under the key that came after it', () => {
    const [before, after, stranger] = [[KEY], [NEXT_KEY, KEY], [NEXT_KEY]].map(
      (keys) => new InstanceTags(keys),
    );
    const instances = numbered(20);
    const isToldBy = (tags: InstanceTags | undefined, instance: string): boolean =>
      tags?.isOf(before?.of(tradeKey(1), instance) ?? 0, tradeKey(1), instance) === true;
    expect(instances.every((instance) => isToldBy(after, instance))).toBe(true);
    expect(instances.some((instance) => isToldBy(stranger, instance))).toBe(false);
  });
});
