import { isIP } from 'node:net';

import { isPublicAddress } from './public-address.ts';

/**
 * Names that never leave the machine or the local network, whatever a resolver answers, those that no resolver may be asked for
 * (RFC 6761, 7686, 9476), and those without any dot.
 */
const LOCAL_NAME = /^[^.]+\.?$|(?:^|\.)(?:localhost|localdomain|local|lan|internal|home\.arpa|onion|alt)\.?$/;

const HTTPS_PORT = 443;
/** Below it, but for 443, are the services of the system, which nobody should be made to knock at through us. */
const FIRST_FREE_PORT = 1024;
/** Ports above that of other protocols, which web browsers do not call either (Fetch standard, "bad port"). */
const OTHER_PROTOCOLS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/**
 * Whether a URL of the scheme `https` or `wss` leads to the public internet, as far as its text tells: no address or name of
 * a private network, no port of another service. Where a name leads is checked when it is resolved: `public-lookup.ts`.
 */
export function leadsToPublicHost({ hostname, port }: Pick<URL, 'hostname' | 'port'>): boolean {
  if (!isFreePort(port === '' ? HTTPS_PORT : Number(port))) return false;
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 ? !LOCAL_NAME.test(hostname) : isPublicAddress(address);
}

function isFreePort(port: number): boolean {
  return port === HTTPS_PORT || (port >= FIRST_FREE_PORT && !OTHER_PROTOCOLS.has(port));
}
