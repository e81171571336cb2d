/**
 * Reads the address of a relay and gives it in one form, so that one relay written in two ways is dialled once: host in
 * lower case, no default port, no bare `/`, no fragment. A longer path keeps its trailing slash: it is another path.
 *
 * @returns `undefined` for what is no `ws://` or `wss://` URL, and for one with credentials
 */
export function parseRelayUrl(written: string): string | undefined {
  if (!URL.canParse(written)) return undefined;
  const { protocol, username, password, host, pathname, search } = new URL(written);
  if (!/^wss?:$/.test(protocol) || username !== '' || password !== '') return undefined;
  const path = pathname + search;
  return `${protocol}//${host}${path === '/' ? '' : path}`;
}
