import { assembleOutgoing } from '../config/network-variables.ts';
import type { Values } from '../config/variables.ts';
import { isLoopbackAddress } from '../net/public-address.ts';
import { isOnion, WayOut } from '../net/way-out.ts';

const OTHER_PROXY_NAMES = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'all_proxy'];

/** What the variables for outgoing proxies cannot do as they are. */
export function wayOutNotes(
  values: Partial<Values>,
  environment: Readonly<Record<string, string | undefined>>,
): string[] {
  const outgoing = assembleOutgoing(values);
  const wayOut = new WayOut(outgoing);
  const urls = (values.NOSTR_RELAYS ?? []).map((url) => new URL(url));
  const isSet = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  const notes: string[] = [];
  if (outgoing.proxy === undefined && OTHER_PROXY_NAMES.some(isSet)) {
    notes.push(
      'HTTP_PROXY and ALL_PROXY are not read: for a proxy on the way out set HTTPS_PROXY, which counts for every outgoing connection',
    );
  }
  for (const url of urls) {
    if (isOnion(url) && wayOut.proxyFor(url) === undefined)
      notes.push(`${url.host} is reached through Tor alone: set TOR_SOCKS=127.0.0.1:9050`);
    else if (isHere(url) && wayOut.proxyFor(url) !== undefined)
      notes.push(
        `${url.host} is on this machine and would be reached through HTTPS_PROXY: add it to NO_PROXY`,
      );
  }
  return notes;
}

function isHere({ hostname }: URL): boolean {
  return hostname === 'localhost' || isLoopbackAddress(hostname.replace(/^\[|\]$/g, ''));
}
