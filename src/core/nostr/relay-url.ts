export interface RelayUrlOptions {
  /** Whether the URL may have a user and a password (HTTP basic authentication): an operator's may, a stranger's not. */
  readonly credentials: boolean;
}

/**
 * Reads the address of a relay and gives it in one form, so that one relay written in two ways is dialled once: host in
 * lower case, no default port, no bare `/`, no fragment. A longer path keeps its trailing slash: it is another path.
 *
 * @returns `undefined` for what is no `ws://` or `wss://` URL, and for one with credentials unless they are allowed
 */
export function parseRelayUrl(written: string, { credentials }: RelayUrlOptions): string | undefined {
  if (!URL.canParse(written)) return undefined;
  const { protocol, username, password, host, pathname, search } = new URL(written);
  const user = username === '' && password === '' ? '' : `${username}:${password}@`;
  if (!/^wss?:$/.test(protocol) || (user !== '' && !credentials)) return undefined;
  const path = pathname + search;
  return `${protocol}//${user}${host}${path === '/' ? '' : path}`;
}
