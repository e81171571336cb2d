import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';

import { SECOND_MS } from '../../core/clock.ts';
import type { EndpointPolicy } from '../../core/push-target.ts';
import { isPublicAddress } from './public-address.ts';

/** A push server's name servers get two tries of three seconds; the attempt as a whole has ten. */
const RESOLVER = { timeout: 3 * SECOND_MS, tries: 2 };

type LookupCallback = Parameters<LookupFunction>[2];

/** Names that never leave the machine or the local network, whatever a resolver answers. */
const LOCAL_NAME = /(?:^|\.)(?:localhost|local|internal|home\.arpa)\.?$/;

/** The guard is off (`UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`): for tests and home labs. */
export const anyEndpoint: EndpointPolicy = ({ protocol }) => protocol === 'https:' || protocol === 'http:';

/** What can be told of an endpoint by looking at it: `https`, and no address or name of a private network. */
export const publicEndpoint: EndpointPolicy = ({ protocol, hostname }) => {
  if (protocol !== 'https:') return false;
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 ? !LOCAL_NAME.test(hostname) : isPublicAddress(address);
};

/**
 * Resolves a push server's name, and answers only with public addresses. The connection goes to one of those, so a
 * name cannot be checked as one address and dialled as another. By c-ares and not by `dns.lookup`, whose slow names
 * would hold the few threads that the rest of Node shares.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  void answerLookup(hostname, options.all === true, callback);
};

async function answerLookup(hostname: string, all: boolean, callback: LookupCallback): Promise<void> {
  const addresses = await resolvePublic(hostname);
  if (typeof addresses === 'string') return callback(lookupError(addresses), '', 0);
  const [first] = addresses;
  if (first === undefined) callback(lookupError('ENOTPUBLIC'), '', 0);
  else if (all) callback(null, addresses);
  else callback(null, first.address, first.family);
}

/** @returns the addresses, none where one of them is not public; or the code of the failure where there is no answer */
async function resolvePublic(hostname: string): Promise<LookupAddress[] | string> {
  const resolver = new Resolver(RESOLVER);
  const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
  if (v4.status === 'rejected' && v6.status === 'rejected') return codeOf(v4.reason);
  const addresses = [
    ...(v4.status === 'fulfilled' ? v4.value : []).map((address) => ({ address, family: 4 })),
    ...(v6.status === 'fulfilled' ? v6.value : []).map((address) => ({ address, family: 6 })),
  ];
  // One private address among public ones is no accident: such a name is refused whole.
  return addresses.every(({ address }) => isPublicAddress(address)) ? addresses : [];
}

function codeOf(fault: unknown): string {
  return (fault as { code?: string }).code ?? 'EDNS';
}

/** Without the name: it is part of an endpoint. */
function lookupError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error('no public address'), { code });
}

/** Which endpoints are let through, and how their names are resolved: by `lookup`, or as usual where there is none. */
export interface EndpointGuard {
  readonly allows: EndpointPolicy;
  readonly lookup: LookupFunction | undefined;
}

/** @param allowPrivate `UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS` */
export function endpointGuard(allowPrivate: boolean): EndpointGuard {
  return allowPrivate
    ? { allows: anyEndpoint, lookup: undefined }
    : { allows: publicEndpoint, lookup: lookupPublic };
}
