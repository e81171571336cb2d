import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Secret } from '../../core/basics/secret.ts';
import { ValueSealer } from './value-sealer.ts';

const sealer = (fill = 1): ValueSealer => new ValueSealer(new Secret(Buffer.alloc(32, fill)));
const PLACE = Buffer.from('key and field');

describe('a sealed value', () => {
  test('opens at any server of the fleet, whatever it holds', () => {
    const [here, there] = [sealer(), sealer()];
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), fc.uint8Array({ maxLength: 40 }), (value, place) => {
        const sealed = here.seal(value, place);
        expect(there.open(sealed, place)).toEqual(Buffer.from(value));
        expect(here.open(sealed, place)).toEqual(Buffer.from(value));
      }),
    );
  });

  test('does not open at another place, with another key, cut short, or with any bit flipped', () => {
    const here = sealer();
    const sealed = here.seal(Buffer.from('value'), PLACE);
    expect(here.open(sealed, Buffer.from('elsewhere'))).toBeUndefined();
    expect(sealer(2).open(sealed, PLACE)).toBeUndefined();
    for (let length = 0; length < sealed.length; length++)
      expect(here.open(sealed.subarray(0, length), PLACE)).toBeUndefined();
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Buffer.from(sealed);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(here.open(flipped, PLACE)).toBeUndefined();
    }
  });

  test('tells its length only roughly', () => {
    const lengths = new Set<number>();
    for (let bytes = 0; bytes <= 1000; bytes++) lengths.add(sealer().seal(Buffer.alloc(bytes), PLACE).length);
    expect([...lengths]).toEqual([256, 512, 1088].map((filled) => filled + 44));
  });

  test('is never the same twice, and opens after thousands of other servers', () => {
    const here = sealer();
    const value = Buffer.from('value');
    const first = here.seal(value, PLACE);
    expect(here.seal(value, PLACE)).not.toEqual(first);
    const there = sealer();
    for (let server = 0; server < 2100; server++)
      expect(there.open(sealer().seal(value, PLACE), PLACE)).toEqual(value);
    expect(there.open(first, PLACE)).toEqual(value);
  });
});
