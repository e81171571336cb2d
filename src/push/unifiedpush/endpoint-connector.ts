import type { LookupFunction } from 'node:net';

import type { buildConnector } from 'undici';

import { proxiedConnector } from '../../net/proxied-connector.ts';
import type { WayOut } from '../../net/way-out.ts';
import { cappedConnector } from './capped-connector.ts';
import type { EndpointGuard } from './endpoint-guard.ts';

/**
 * Connects to the host of an endpoint, at an address that the guard accepts. The guard's look-up is made here also where a proxy connects: the
 * proxy gets the address that was checked. A host that the operator has allowed is named to the proxy, which resolves it.
 *
 * @param timeout how long a connection may take, in milliseconds
 */
export function endpointConnector(
  guard: EndpointGuard,
  wayOut: WayOut,
  timeout: number,
): buildConnector.connector {
  const connectors = new Map<LookupFunction | undefined, buildConnector.connector>();
  const connectorFor = (lookup: LookupFunction | undefined): buildConnector.connector => {
    const known = connectors.get(lookup);
    if (known !== undefined) return known;
    const connector = cappedConnector({ timeout, ...(lookup && { lookup }) });
    connectors.set(lookup, connector);
    return connector;
  };
  const connect: buildConnector.connector = (target, callback) =>
    connectorFor(guard.lookupFor(target))(target, callback);
  return proxiedConnector(wayOut, connect, (target) => ({
    lookup: guard.isAllowedByName(target) ? undefined : guard.lookupFor(target),
    isOwn: false,
  }));
}
