import { isIP } from 'node:net';

import type * as Tldts from 'tldts';

import { loadCommonJs } from '../../lib/load-commonjs.ts';
import { addressBytes } from '../../net/address-bytes.ts';
import { isPublicAddress } from '../../net/public-address.ts';

const { getDomain } = loadCommonJs('tldts') as typeof Tldts;

const IPV6_BYTES = 16;

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

function networkOf(address: string): string {
  const bytes = addressBytes(address);
  if (bytes?.length !== IPV6_BYTES) return address;
  return `${[0, 2, 4].map((at) => bytes.readUInt16BE(at).toString(16)).join(':')}::/48`;
}
