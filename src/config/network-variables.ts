import { parseProxyAddress, type ProxyAddress } from '../core/basics/proxy-address.ts';
import { list, optional, read, type Variable } from './variable.ts';

const anyProxy = read('http://user:password@host:port, or https:// or socks5:// in its place', (written) =>
  parseProxyAddress(written, { scheme: 'http' }),
);
const anyHosts = list('hosts and networks, separated by commas', (entry) => entry);
const torSocks = read('host:port of the SOCKS5 listener of Tor, such as 127.0.0.1:9050', (written) => {
  const address = parseProxyAddress(written, { scheme: 'socks5', port: 9050 });
  return address?.scheme === 'socks5' ? address : undefined;
});

/** The variables for proxies on the way out. The names are those that other programs know, in small letters too. */
export const NETWORK_VARIABLES = {
  HTTPS_PROXY: {
    ...optional(
      'The proxy for all outgoing connections: Google, push servers and relays. http://user:password@host:port (CONNECT), https:// or socks5://. Also https_proxy, which wins.',
      anyProxy,
      { secret: true },
    ),
    takesLowerCase: true,
  },
  NO_PROXY: {
    ...optional(
      'Hosts that are reached without that proxy, as curl reads it: names (with all names below), addresses, networks such as 10.0.0.0/8, or *. Also no_proxy, which wins.',
      anyHosts,
    ),
    takesLowerCase: true,
  },
  TOR_SOCKS: optional(
    'The SOCKS5 listener of Tor, for .onion relays: host:port. Tor resolves the names.',
    torSocks,
    { secret: true },
  ),
} as const satisfies Record<string, Variable<unknown>>;

/** The proxies through which this server reaches others. */
export interface OutgoingConfig {
  /** `HTTPS_PROXY`. */
  readonly proxy: ProxyAddress | undefined;
  /** The text of `NO_PROXY`. */
  readonly exceptions: string;
  /** `TOR_SOCKS`. */
  readonly tor: ProxyAddress | undefined;
}

interface OutgoingValues {
  readonly HTTPS_PROXY?: ProxyAddress | undefined;
  readonly NO_PROXY?: readonly string[] | undefined;
  readonly TOR_SOCKS?: ProxyAddress | undefined;
}

export function assembleOutgoing(values: OutgoingValues): OutgoingConfig {
  const { HTTPS_PROXY: proxy, NO_PROXY: exceptions = [], TOR_SOCKS: tor } = values;
  return { proxy, exceptions: exceptions.join(','), tor };
}
