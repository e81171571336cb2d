import { BlockList, isIP } from 'node:net';

/** IPv4 ranges that are not the public internet (IANA special-purpose registry). A connection there could reach a private network. */
const SPECIAL_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** The range of all public IPv6 addresses. */
const GLOBAL_IPV6 = '2000::/3';
/** Parts of that range that are not public or carry an IPv4 address inside: IETF protocols and Teredo, documentation, 6to4. */
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

/** Addresses inside a network of one's own (RFC 1918, RFC 4193), and those that a carrier or a VPN shares (RFC 6598). */
const PRIVATE_IPV4 = ['10.0.0.0/8', '100.64.0.0/10', '172.16.0.0/12', '192.168.0.0/16'];
const PRIVATE_IPV6 = ['fc00::/7'];

function listOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', prefix = ''] = range.split('/');
    list.addSubnet(network, Number(prefix), family);
  }
  return list;
}

const specialIpv4 = listOf(SPECIAL_IPV4, 'ipv4');
const globalIpv6 = listOf([GLOBAL_IPV6], 'ipv6');
const specialIpv6 = listOf(SPECIAL_IPV6, 'ipv6');
const privateIpv4 = listOf(PRIVATE_IPV4, 'ipv4');
const privateIpv6 = listOf(PRIVATE_IPV6, 'ipv6');
const loopbackIpv4 = listOf(['127.0.0.0/8'], 'ipv4');
const loopbackIpv6 = listOf(['::1/128'], 'ipv6');

/** Whether a text is an address of a private network. Loopback, link-local and multicast are none. */
export function isPrivateAddress(address: string): boolean {
  return isIn(address, privateIpv4, privateIpv6);
}

/** Whether a text is an address of this machine itself. */
export function isLoopbackAddress(address: string): boolean {
  return isIn(address, loopbackIpv4, loopbackIpv6);
}

function isIn(address: string, ipv4: BlockList, ipv6: BlockList): boolean {
  if (address.includes('%')) return false;
  const family = isIP(address);
  return family === 4 ? ipv4.check(address, 'ipv4') : family === 6 && ipv6.check(address, 'ipv6');
}

/** Whether a text is an IP address of the public internet. False for an address with a zone id and for any other text. */
export function isPublicAddress(address: string): boolean {
  if (address.includes('%')) return false;
  switch (isIP(address)) {
    case 4:
      return !specialIpv4.check(address, 'ipv4');
    case 6:
      return globalIpv6.check(address, 'ipv6') && !specialIpv6.check(address, 'ipv6');
    default:
      return false;
  }
}
