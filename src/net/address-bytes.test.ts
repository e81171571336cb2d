import { BlockList, isIPv6 } from 'node:net';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { addressBytes } from './address-bytes.ts';

const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  // Many zeros and ones, because `::` and mapped addresses are rare among random bytes.
  fc
    .array(fc.oneof(fc.constantFrom(0, 0xff), fc.nat(0xff)), { minLength: length, maxLength: length })
    .map((list) => Uint8Array.from(list));

/** An IPv6 address in every form that RFC 4291 knows, the short one made by Node. */
function formsOf(bytes: Uint8Array): string[] {
  const groups = Array.from({ length: 8 }, (_, n) =>
    Buffer.from(bytes)
      .readUInt16BE(2 * n)
      .toString(16),
  );
  const short = new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
  const dotted = `${groups.slice(0, 6).join(':')}:${bytes.subarray(12).join('.')}`;
  const shortDotted = short.replace(/::[^:]+:[^:]+$/, `::${bytes.subarray(12).join('.')}`);
  const padded = groups.map((group) => group.padStart(4, '0')).join(':');
  return [
    short,
    dotted,
    padded,
    padded.toUpperCase(),
    `${short}%eth0`,
    ...(bytes[12] === 0 ? [] : [shortDotted]),
  ];
}

describe('the bytes of an address', () => {
  test('of IPv4 are its four numbers', () => {
    fc.assert(
      fc.property(bytesOf(4), (bytes) => {
        expect(addressBytes(bytes.join('.'))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test('of IPv6 are the same in every form that the address may be written in', () => {
    fc.assert(
      fc.property(bytesOf(16), (bytes) => {
        const isMapped = Buffer.from(bytes)
          .toString('hex')
          .startsWith(`${'0'.repeat(20)}ffff`);
        for (const form of formsOf(bytes).filter((text) => isIPv6(text))) {
          expect([form, addressBytes(form)]).toEqual([form, Buffer.from(bytes.subarray(isMapped ? 12 : 0))]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('tell networks apart as net.BlockList does', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.ipV6(), fc.constantFrom(4, 6, 8), (one, other, length) => {
        const list = new BlockList();
        list.addSubnet(one, 8 * length, 'ipv6');
        const [a, b] = [addressBytes(one), addressBytes(other)];
        if (a?.length !== 16 || b?.length !== 16) return;
        expect(a.subarray(0, length).equals(b.subarray(0, length))).toBe(list.check(other, 'ipv6'));
      }),
      { numRuns: 500 },
    );
  });

  test.each(['::ffff:192.0.2.1', '::FFFF:c000:201', '0:0:0:0:0:ffff:192.0.2.1', '::ffff:192.0.2.1%1'])(
    'of an IPv4 address that is mapped into IPv6 are those of the IPv4 address: %s',
    (address) => {
      expect(addressBytes(address)).toEqual(Buffer.from([192, 0, 2, 1]));
    },
  );

  test.each(['', 'unknown', '1', '1.2.3', '01.2.3.4', '1.2.3.4.5', '2001:db8:::1', '[::1]', '/run/socket'])(
    'of %j, which is no address, are none',
    (text) => {
      expect(addressBytes(text)).toBeUndefined();
    },
  );
});
