import { isIP } from 'node:net';

const IPV6_BYTES = 16;
/** `::ffff:0:0/96`: the bytes before an IPv4 address that is written as an IPv6 address (RFC 4291, 2.5.5.2). */
const MAPPED = Buffer.from('00000000000000000000ffff', 'hex');

/**
 * The bytes of an IP address, 4 or 16, without its zone. An IPv4 address that is mapped into IPv6 has its own 4 bytes: a listener for
 * both families reports its clients in that form.
 *
 * @returns `undefined` for text that Node does not take for an address
 */
export function addressBytes(address: string): Buffer | undefined {
  switch (isIP(address)) {
    case 4:
      return Buffer.from(address.split('.').map(Number));
    case 6: {
      const bytes = ipv6Bytes(address);
      return bytes.subarray(0, MAPPED.length).equals(MAPPED) ? bytes.subarray(MAPPED.length) : bytes;
    }
    default:
      return undefined;
  }
}

function ipv6Bytes(address: string): Buffer {
  const [withoutZone = ''] = address.split('%', 1);
  const [head = '', tail = ''] = withoutZone.replace(/[\d.]+\.\d+$/, asGroups).split('::');
  const [before, after] = [groupsOf(head), groupsOf(tail)];
  const bytes = Buffer.alloc(IPV6_BYTES);
  before.forEach((group, n) => bytes.writeUInt16BE(group, 2 * n));
  after.forEach((group, n) => bytes.writeUInt16BE(group, IPV6_BYTES - 2 * (after.length - n)));
  return bytes;
}

/** The last four bytes of an IPv6 address may be written as IPv4. */
function asGroups(ipv4: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split('.').map(Number);
  return `${(256 * a + b).toString(16)}:${(256 * c + d).toString(16)}`;
}

function groupsOf(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}
