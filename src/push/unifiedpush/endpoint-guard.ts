import { isIP, type LookupFunction } from 'node:net';

import type { AllowedHost } from '../../core/registry/allowed-host.ts';
import type { EndpointPolicy } from '../../core/registry/push-target.ts';
import { isLoopbackAddress, isPrivateAddress, isPublicAddress } from '../../net/public-address.ts';
import { isFreePort, leadsToPublicHost } from '../../net/public-host.ts';
import { checkedLookup, publicLookup } from '../../net/public-lookup.ts';

/** Allows private endpoints too (`UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`), for tests and home labs. */
export const anyEndpoint: EndpointPolicy = ({ protocol }) => protocol === 'https:' || protocol === 'http:';

/** The rules that need no look-up: `https`, no port of another service, no address or name of a private network. */
export const publicEndpoint: EndpointPolicy = (url) => url.protocol === 'https:' && leadsToPublicHost(url);

/** A part of an endpoint's URL: where it leads. */
export type EndpointHost = Pick<URL, 'protocol' | 'hostname' | 'port'>;

/** Which endpoints are allowed, and how their names are resolved. */
export interface EndpointGuard {
  readonly allows: EndpointPolicy;
  /** Resolves the name of an allowed endpoint; `undefined`: Node's own look-up, without any check. */
  readonly lookupFor: (endpoint: EndpointHost) => LookupFunction | undefined;
  /** Whether the operator has allowed the host by its name, so that a proxy may resolve the name. */
  readonly isAllowedByName: (endpoint: EndpointHost) => boolean;
}

/** What the operator allows. */
export interface EndpointRules {
  /** `UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`. */
  readonly allowPrivateEndpoints: boolean;
  /** `UNIFIEDPUSH_ALLOWED_HOSTS`. */
  readonly allowedHosts: readonly AllowedHost[];
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'https:': 443, 'http:': 80 };

/**
 * Guards the operator's network: strangers choose the endpoints.
 *
 * @param dnsServers for tests; default: the system's name servers
 */
export function endpointGuard(
  { allowedHosts: hosts, allowPrivateEndpoints }: EndpointRules,
  dnsServers?: readonly string[],
): EndpointGuard {
  if (allowPrivateEndpoints)
    return { allows: anyEndpoint, lookupFor: () => undefined, isAllowedByName: () => true };
  const lookups: Readonly<Record<HostKind, LookupFunction>> = {
    public: publicLookup(dnsServers),
    named: checkedLookup({
      accepts: (address) => isNear(address) || isLoopbackAddress(address),
      bySystem: true,
      servers: dnsServers,
    }),
    // Nobody named the host itself, and whoever runs its name server could point it at this machine.
    below: checkedLookup({ accepts: isNear, servers: dnsServers }),
  };
  return {
    allows: (url) => publicEndpoint(url) || isAllowed(url, kindOf(url, hosts)),
    lookupFor: (url) => lookups[kindOf(url, hosts)],
    isAllowedByName: (url) => kindOf(url, hosts) !== 'public',
  };
}

/** `named`: one of the operator's hosts. `below`: a host below one of the operator's names. */
type HostKind = 'public' | 'named' | 'below';

function kindOf({ hostname, port, protocol }: EndpointHost, hosts: readonly AllowedHost[]): HostKind {
  const name = hostname.replace(/\.$/, '');
  const number = port === '' ? DEFAULT_PORTS[protocol] : Number(port);
  const fitting = hosts.filter(
    (host) =>
      (host.port === number || (host.port === undefined && isUsualPort(number))) &&
      (host.isWildcard ? name.endsWith(`.${host.name}`) : name === host.name),
  );
  if (fitting.some(({ isWildcard }) => !isWildcard)) return 'named';
  return fitting.length > 0 ? 'below' : 'public';
}

function isUsualPort(port: number | undefined): boolean {
  return port !== undefined && (port === DEFAULT_PORTS['http:'] || isFreePort(port));
}

/** An address in a URL is judged here, since it is never looked up. No wildcard has an address below it. */
function isAllowed({ hostname, protocol }: EndpointHost, kind: HostKind): boolean {
  if (kind === 'named') return protocol === 'https:' || protocol === 'http:';
  return kind === 'below' && protocol === 'https:' && isIP(hostname.replace(/^\[|\]$/g, '')) === 0;
}

function isNear(address: string): boolean {
  return isPublicAddress(address) || isPrivateAddress(address);
}
