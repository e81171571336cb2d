import type { LookupFunction } from 'node:net';

import { leadsToPublicHost } from '../../net/public-host.ts';
import { publicLookup } from '../../net/public-lookup.ts';

/**
 * Decides which discovered relays are dialled. A discovered relay is named by a Mostro instance, which is a stranger to the operator's
 * network. So it is checked as push endpoints are (contract 2 and 4). The relays of `NOSTR_RELAYS` are the operator's own choice.
 */
export interface DiscoveryGuard {
  /** Whether the relay's URL alone allows a dial. */
  readonly allows: (url: URL) => boolean;
  /** Resolves the relay's name at every dial, to public addresses only; absent: as usual. */
  readonly lookup: LookupFunction | undefined;
}

/**
 * @param allowPrivate `UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS`: relays may then be `ws://` and on private addresses
 * @param dnsServers for tests; absent: those of the system
 */
export function discoveryGuard(allowPrivate: boolean, dnsServers?: readonly string[]): DiscoveryGuard {
  return allowPrivate
    ? { allows: () => true, lookup: undefined }
    : { allows: isPublicRelay, lookup: publicLookup(dnsServers) };
}

/** Whether the URL is `wss` and names neither a private network nor another service's port. */
function isPublicRelay(url: URL): boolean {
  return url.protocol === 'wss:' && leadsToPublicHost(url);
}
