import type { LookupFunction } from 'node:net';

import type { EndpointPolicy } from '../../core/registry/push-target.ts';
import { leadsToPublicHost } from '../../net/public-host.ts';
import { publicLookup } from '../../net/public-lookup.ts';

/** Allows private endpoints too (`UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`), for tests and home labs. */
export const anyEndpoint: EndpointPolicy = ({ protocol }) => protocol === 'https:' || protocol === 'http:';

/** The rules that need no look-up: `https`, no port of another service, no address or name of a private network. */
export const publicEndpoint: EndpointPolicy = (url) => url.protocol === 'https:' && leadsToPublicHost(url);

/** Which endpoints are allowed, and how their names are resolved: with `lookup`, or by Node's own look-up if it is absent. */
export interface EndpointGuard {
  readonly allows: EndpointPolicy;
  readonly lookup: LookupFunction | undefined;
}

/**
 * @param allowPrivate `UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`
 * @param dnsServers for tests; default: the system's name servers
 */
export function endpointGuard(allowPrivate: boolean, dnsServers?: readonly string[]): EndpointGuard {
  return allowPrivate
    ? { allows: anyEndpoint, lookup: undefined }
    : { allows: publicEndpoint, lookup: publicLookup(dnsServers) };
}
