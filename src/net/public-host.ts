import { isIP } from 'node:net';

import { isPublicAddress } from './public-address.ts';

/**
 * Names that stay on the machine or the local network, names that must not be sent to a resolver or are for tests (RFC 6761, 7686, 9476),
 * and names without a dot. They are refused without asking a resolver.
 */
const LOCAL_NAME =
  /^[^.]+\.?$|(?:^|\.)(?:localhost|localdomain|local|lan|internal|home\.arpa|onion|alt|invalid|test)\.?$/;

const HTTPS_PORT = 443;
/** The ports below, except 443, belong to system services. Strangers must not be able to make this server call them. */
const FIRST_FREE_PORT = 1024;
/** Higher ports that belong to other protocols. Web browsers refuse them too (Fetch standard, "bad port"). */
const OTHER_PROTOCOLS = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

/**
 * Whether the text of an `https` or `wss` URL may lead to the public internet: it has no address or name of a private network and no
 * port of another service. The addresses of a name are checked when it is resolved: `public-lookup.ts`.
 */
export function leadsToPublicHost({ hostname, port }: Pick<URL, 'hostname' | 'port'>): boolean {
  if (!isFreePort(port === '' ? HTTPS_PORT : Number(port))) return false;
  const address = hostname.replace(/^\[|\]$/g, '');
  return isIP(address) === 0 ? !LOCAL_NAME.test(hostname) : isPublicAddress(address);
}

/** Whether requests of strangers may go to a port of the public internet. */
export function isFreePort(port: number): boolean {
  return port === HTTPS_PORT || (port >= FIRST_FREE_PORT && !OTHER_PROTOCOLS.has(port));
}
