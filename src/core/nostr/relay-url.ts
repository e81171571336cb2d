export interface RelayUrlOptions {
  /** Whether the URL may contain a user and a password (HTTP basic authentication). Those of the operator may; those of strangers may not. */
  readonly credentials: boolean;
}

/**
 * Normalises the URL of a relay, so that one relay that is written in two ways is dialled once. The result has the host in lower case, no
 * default port, no bare `/` and no fragment. A longer path keeps its trailing slash, because without the slash it is another path.
 *
 * @returns `undefined` if it is not a `ws://` or `wss://` URL, or has credentials that are not allowed
 */
export function parseRelayUrl(written: string, { credentials }: RelayUrlOptions): string | undefined {
  if (!URL.canParse(written)) return undefined;
  const { protocol, username, password, host, pathname, search } = new URL(written);
  const user = username === '' && password === '' ? '' : `${username}:${password}@`;
  if (!/^wss?:$/.test(protocol) || (user !== '' && !credentials)) return undefined;
  const path = pathname + search;
  return `${protocol}//${user}${host}${path === '/' ? '' : path}`;
}

/**
 * Leaves out the URLs of relays that are there already, written in another way. The others stay as they are written: a relay may compare an
 * answer to its challenge with its own URL, character by character (NIP-42).
 *
 * @param written URLs that `parseRelayUrl` can read
 */
export function distinctRelays(written: readonly string[]): readonly string[] {
  const relays = new Map<string | undefined, string>();
  for (const one of written) {
    const url = parseRelayUrl(one, { credentials: true });
    if (!relays.has(url)) relays.set(url, one);
  }
  return [...relays.values()];
}
