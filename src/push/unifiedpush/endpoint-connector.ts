import type { LookupFunction } from 'node:net';

import type { buildConnector } from 'undici';

import { cappedConnector } from './capped-connector.ts';
import type { EndpointGuard } from './endpoint-guard.ts';

/**
 * Connects to the host of an endpoint, at an address that the guard accepts.
 *
 * @param timeout how long a connection may take, in milliseconds
 */
export function endpointConnector(guard: EndpointGuard, timeout: number): buildConnector.connector {
  const connectors = new Map<LookupFunction | undefined, buildConnector.connector>();
  const connectorFor = (lookup: LookupFunction | undefined): buildConnector.connector => {
    const known = connectors.get(lookup);
    if (known !== undefined) return known;
    const connector = cappedConnector({ timeout, ...(lookup && { lookup }) });
    connectors.set(lookup, connector);
    return connector;
  };
  return (target, callback) => connectorFor(guard.lookupFor(target))(target, callback);
}
