import { isIP } from 'node:net';

import { getDomain } from 'tldts';

import { isPublicAddress } from './public-address.ts';

/**
 * The lane of a UnifiedPush endpoint: its registrable domain (public suffix list) or its address, so that nobody gets a
 * lane for every subdomain or port. At home, where one machine may run several push servers, the port counts too.
 */
export function laneName(endpoint: string): string {
  const { host, hostname } = new URL(endpoint);
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) !== 0) return `unifiedpush ${isPublicAddress(address) ? address : host}`;
  return `unifiedpush ${getDomain(hostname, { allowPrivateDomains: true }) ?? host}`;
}
