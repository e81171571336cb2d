import { leadsToPublicHost } from '../../net/public-host.ts';

/** Where a server sends us in place of a WebSocket. `host` is a scheme and a host: the path and the query may be secrets. */
export type Redirect =
  | { readonly to: 'another host' | 'no TLS'; readonly host: string }
  | { readonly to: 'another path' | 'a private address' | 'nowhere' };

const SCHEMES: Readonly<Record<string, string>> = {
  'http:': 'ws:',
  'https:': 'wss:',
  'ws:': 'ws:',
  'wss:': 'wss:',
};
/** A name of the DNS, or an address. Anything else is no text of ours to show. */
const HOST = /^(?:[\w.-]{1,253}|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Reads the `Location` of an answer. @param dialled the URL that was dialled */
export function readRedirect(location: string | undefined, dialled: string): Redirect {
  const from = new URL(dialled);
  if (location === undefined || !URL.canParse(location, dialled)) return { to: 'nowhere' };
  const target = new URL(location, dialled);
  const scheme = SCHEMES[target.protocol];
  if (scheme === undefined || !HOST.test(target.host)) return { to: 'nowhere' };
  if (scheme === from.protocol && target.host === from.host) return { to: 'another path' };
  const isPrivate = !leadsToPublicHost({ hostname: target.hostname, port: '' });
  if (isPrivate && target.hostname !== from.hostname) return { to: 'a private address' };
  const to = from.protocol === 'wss:' && scheme === 'ws:' ? 'no TLS' : 'another host';
  return { to, host: `${scheme}//${target.host}` };
}
