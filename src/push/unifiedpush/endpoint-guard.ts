import type { LookupFunction } from 'node:net';

import type { EndpointPolicy } from '../../core/registry/push-target.ts';
import { leadsToPublicHost } from '../../net/public-host.ts';
import { publicLookup } from '../../net/public-lookup.ts';

/** The guard is off (`UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`): for tests and home labs. */
export const anyEndpoint: EndpointPolicy = ({ protocol }) => protocol === 'https:' || protocol === 'http:';

/** What can be told of an endpoint by looking at it: `https`, no port of another service, no address or name of a private network. */
export const publicEndpoint: EndpointPolicy = (url) => url.protocol === 'https:' && leadsToPublicHost(url);

/** Which endpoints are let through, and how their names are resolved: by `lookup`, or as usual where there is none. */
export interface EndpointGuard {
  readonly allows: EndpointPolicy;
  readonly lookup: LookupFunction | undefined;
}

/**
 * @param allowPrivate `UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`
 * @param dnsServers for tests; else those of the system
 */
export function endpointGuard(allowPrivate: boolean, dnsServers?: readonly string[]): EndpointGuard {
  return allowPrivate
    ? { allows: anyEndpoint, lookup: undefined }
    : { allows: publicEndpoint, lookup: publicLookup(dnsServers) };
}
