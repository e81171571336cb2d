import { addressBytes } from './address-bytes.ts';

const IPV6_BYTES = 16;

/** A network whose IPv6 addresses have an IPv4 address inside. A router translates between the two (NAT64, RFC 6146). */
export interface Nat64Prefix {
  /** The first bytes of each address of the network. */
  readonly bytes: Buffer;
  /** Where the four bytes of the IPv4 address stand (RFC 6052, 2.2). */
  readonly places: readonly number[];
}

/** By the length of the prefix, in bytes. Byte 8 is left out, because it must be zero. */
const PLACES: Readonly<Record<number, readonly number[]>> = {
  4: [4, 5, 6, 7],
  5: [5, 6, 7, 9],
  6: [6, 7, 9, 10],
  7: [7, 9, 10, 11],
  8: [9, 10, 11, 12],
  12: [12, 13, 14, 15],
};

/** The prefix that is the same everywhere (RFC 6052, 2.1): 64:ff9b::/96. */
export const WELL_KNOWN_PREFIX: Nat64Prefix = {
  bytes: Buffer.from('0064ff9b0000000000000000', 'hex'),
  places: PLACES[12] ?? [],
};

/** The name that has only these two IPv4 addresses. A resolver that makes IPv6 addresses out of them shows its prefix (RFC 7050). */
export const IPV4_ONLY_NAME = 'ipv4only.arpa';
const IPV4_ONLY_ADDRESSES = new Set(['192.0.0.170', '192.0.0.171']);

/**
 * The prefixes that a resolver uses, which an operator may choose freely (RFC 6052, 2.2). If an answer can be read with two lengths, both
 * count: an address is then judged by both IPv4 addresses in it.
 *
 * @param answers the IPv6 addresses of `ipv4only.arpa`
 */
export function nat64Prefixes(answers: readonly string[]): Nat64Prefix[] {
  const found = new Map<string, Nat64Prefix>();
  for (const address of answers) {
    const bytes = addressBytes(address);
    if (bytes?.length !== IPV6_BYTES) continue;
    for (const [length, places] of Object.entries(PLACES)) {
      const prefix = { bytes: bytes.subarray(0, Number(length)), places };
      if (IPV4_ONLY_ADDRESSES.has(ipv4At(bytes, places))) found.set(prefix.bytes.toString('hex'), prefix);
    }
  }
  return [...found.values()];
}

/** The IPv4 addresses inside an IPv6 address, by every prefix that it begins with. None for any other address. */
export function translatedIpv4(address: string, prefixes: readonly Nat64Prefix[]): string[] {
  if (!address.includes(':')) return [];
  const bytes = addressBytes(address);
  if (bytes?.length !== IPV6_BYTES) return [];
  return prefixes
    .filter((prefix) => bytes.subarray(0, prefix.bytes.length).equals(prefix.bytes))
    .map(({ places }) => ipv4At(bytes, places));
}

function ipv4At(bytes: Buffer, places: readonly number[]): string {
  return places.map((at) => bytes[at]).join('.');
}
