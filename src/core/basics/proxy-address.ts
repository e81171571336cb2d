import { Secret } from './secret.ts';

/** A proxy through which this server reaches others. */
export interface ProxyAddress {
  /** How the server speaks to the proxy: HTTP `CONNECT`, the same over TLS, or SOCKS5. */
  readonly scheme: 'http' | 'https' | 'socks5';
  /** Without brackets. */
  readonly host: string;
  readonly port: number;
  readonly credentials: Secret<{ readonly user: string; readonly password: string }> | undefined;
}

/** `socks5` and `socks5h` are the same here: the proxy resolves names. */
const SCHEMES: Readonly<Record<string, ProxyAddress['scheme']>> = {
  'http:': 'http',
  'https:': 'https',
  'socks:': 'socks5',
  'socks5:': 'socks5',
  'socks5h:': 'socks5',
};
const DEFAULT_PORTS = { http: 80, https: 443, socks5: 1080 };

/** What a text without a scheme or a port means. */
export interface ProxyDefaults {
  readonly scheme: 'http' | 'socks5';
  readonly port?: number;
}

/** Reads `scheme://user:password@host:port`, where only the host is required. @returns `undefined` for any other text */
export function parseProxyAddress(written: string, defaults: ProxyDefaults): ProxyAddress | undefined {
  const [, prefix] = /^([a-z][\w+.-]*:)\/\//i.exec(written) ?? [];
  const scheme = prefix === undefined ? defaults.scheme : SCHEMES[prefix.toLowerCase()];
  // With a scheme that the URL standard does not know, the host would be read in another way.
  const plain = `http://${prefix === undefined ? written : written.slice(prefix.length + 2)}`;
  if (scheme === undefined || !URL.canParse(plain)) return undefined;
  const { hash, hostname, password, pathname, search, username } = new URL(plain);
  if (hostname === '' || `${hash}${search}` !== '' || pathname !== '/') return undefined;
  const port = portOf(plain) ?? (prefix === undefined ? defaults.port : undefined) ?? DEFAULT_PORTS[scheme];
  const user = decoded(username);
  const secret = decoded(password);
  if (user === undefined || secret === undefined || port === 0) return undefined;
  const credentials = username === '' && password === '' ? undefined : { user, password: secret };
  return {
    scheme,
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    credentials: credentials && new Secret(credentials),
  };
}

/** The URL standard leaves port 80 out, because it is the default of `http:`. */
function portOf(url: string): number | undefined {
  const written = /:(\d+)\/?$/.exec(url)?.[1];
  return written === undefined ? undefined : Number(written);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The proxy as people may read it: without its user and password. */
export function proxyText({ host, port, scheme }: ProxyAddress): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
