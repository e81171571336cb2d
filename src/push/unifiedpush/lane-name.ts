import { isIP } from 'node:net';

import type * as Tldts from 'tldts';

import { loadCommonJs } from '../../lib/load-commonjs.ts';
import { isPublicAddress } from '../../net/public-address.ts';

const { getDomain } = loadCommonJs('tldts') as typeof Tldts;

/**
 * The lane of a UnifiedPush endpoint: its registrable domain (public suffix list) or its address, so that one party cannot have a lane
 * for every subdomain or port. An IPv6 address counts as its /48, because one party may own the whole /48. On a private network the port
 * counts too, because one machine at home may run several push servers.
 */
export function laneName(endpoint: string): string {
  const { host, hostname } = new URL(endpoint);
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) return `unifiedpush ${isPublicAddress(address) ? networkOf(address) : host}`;
  return `unifiedpush ${getDomain(hostname, { allowPrivateDomains: true }) ?? host}`;
}

/** @param address IPv4, or IPv6 as a URL writes it: in groups without leading zeros @returns the IPv4 address, or the /48 of the IPv6 address */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = [], tail = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return `${[...head, ...zeros, ...tail].slice(0, 3).join(':')}::/48`;
}
