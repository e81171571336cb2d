import { isIP } from 'node:net';

import type * as Tldts from 'tldts';

import { loadCommonJs } from '../../lib/load-commonjs.ts';
import { isPublicAddress } from '../../net/public-address.ts';

const { getDomain } = loadCommonJs('tldts') as typeof Tldts;

/**
 * The lane of a UnifiedPush endpoint: its registrable domain (public suffix list) or its address, so that nobody gets a
 * lane for every subdomain or port. Of IPv6 it is the /48, since whoever has one address may have all of those. At home,
 * where one machine may run several push servers, the port counts too.
 */
export function laneName(endpoint: string): string {
  const { host, hostname } = new URL(endpoint);
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) return `unifiedpush ${isPublicAddress(address) ? networkOf(address) : host}`;
  return `unifiedpush ${getDomain(hostname, { allowPrivateDomains: true }) ?? host}`;
}

/** An IPv4 address, or the network of an IPv6 address as a URL writes it: in groups without leading zeros. */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return `${[...head, ...zeros, ...tail].slice(0, 3).join(':')}::/48`;
}
