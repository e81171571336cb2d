import type { LookupFunction } from 'node:net';

import { leadsToPublicHost } from '../../net/public-host.ts';
import { publicLookup } from '../../net/public-lookup.ts';

/**
 * Which relays are dialled because a Mostro instance names them. Such an instance is a stranger to the operator's network, so
 * its relays are checked as push endpoints are (contract 2 and 4). The relays of `NOSTR_RELAYS` are the operator's own choice.
 */
export interface DiscoveryGuard {
  /** What can be told of a relay by looking at its URL. */
  readonly allows: (url: URL) => boolean;
  /** How the name of such a relay is resolved at every dial; as usual where this is absent. */
  readonly lookup: LookupFunction | undefined;
}

/**
 * @param allowPrivate `UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`: relays may be `ws://` and on private addresses then
 * @param dnsServers for tests; else those of the system
 */
export function discoveryGuard(allowPrivate: boolean, dnsServers?: readonly string[]): DiscoveryGuard {
  return allowPrivate
    ? { allows: () => true, lookup: undefined }
    : { allows: isPublicRelay, lookup: publicLookup(dnsServers) };
}

/** `wss`, no port of another service, no address or name of a private network. */
function isPublicRelay(url: URL): boolean {
  return url.protocol === 'wss:' && leadsToPublicHost(url);
}
