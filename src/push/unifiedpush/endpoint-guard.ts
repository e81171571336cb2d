import { isIP, type LookupFunction } from 'node:net';

import type { EndpointPolicy } from '../../core/push-target.ts';
import { isPublicAddress } from './public-address.ts';
import { publicLookup } from './public-lookup.ts';

/** Names that never leave the machine or the local network, whatever a resolver answers, and those without any dot. */
const LOCAL_NAME = /^[^.]+\.?$|(?:^|\.)(?:localhost|localdomain|local|internal|home\.arpa)\.?$/;

const HTTPS_PORT = 443;
/** Below it, but for 443, are the services of the system, which nobody should be made to knock at through us. */
const FIRST_FREE_PORT = 1024;
/** Ports above that of other protocols, which web browsers do not call either (Fetch standard, "bad port"). */
const OTHER_PROTOCOLS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/** The guard is off (`UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`): for tests and home labs. */
export const anyEndpoint: EndpointPolicy = ({ protocol }) => protocol === 'https:' || protocol === 'http:';

/** What can be told of an endpoint by looking at it: `https`, no port of another service, no address or name of a private network. */
export const publicEndpoint: EndpointPolicy = ({ protocol, hostname, port }) => {
  if (protocol !== 'https:' || !isFreePort(port === '' ? HTTPS_PORT : Number(port))) return false;
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 ? !LOCAL_NAME.test(hostname) : isPublicAddress(address);
};

function isFreePort(port: number): boolean {
  return port === HTTPS_PORT || (port >= FIRST_FREE_PORT && !OTHER_PROTOCOLS.has(port));
}

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
