import type { NostrEvent } from 'nostr-tools/pure';

/** A NIP-01 filter as it stands in a REQ. */
export interface Filter {
  ids?: string[];
  authors?: string[];
  kinds?: number[];
  since?: number;
  until?: number;
  limit?: number;
  [tag: `#${string}`]: string[];
}

/** Whether an event satisfies every condition of a filter. `limit` is not a condition: it only bounds how many stored events are sent. */
export function matchesFilter(filter: Filter, event: NostrEvent): boolean {
  if (filter.kinds !== undefined && !filter.kinds.includes(event.kind)) return false;
  if (filter.ids !== undefined && !filter.ids.includes(event.id)) return false;
  if (filter.authors !== undefined && !filter.authors.includes(event.pubkey)) return false;
  if (filter.since !== undefined && event.created_at < filter.since) return false;
  if (filter.until !== undefined && event.created_at > filter.until) return false;
  return matchesTags(filter, event);
}

/** Whether any of the filters lets events of a kind through. */
export function coverKind(filters: readonly Filter[], kind: number): boolean {
  return filters.some(({ kinds }) => kinds === undefined || kinds.includes(kind));
}

function matchesTags(filter: Filter, event: NostrEvent): boolean {
  for (const key in filter) {
    if (!isTagKey(key)) continue;
    const wanted = filter[key] ?? [];
    const found = event.tags.some(
      ([name, value]) => name === key[1] && value !== undefined && wanted.includes(value),
    );
    if (!found) return false;
  }
  return true;
}

function isTagKey(key: string): key is `#${string}` {
  return /^#[A-Za-z]$/u.test(key);
}
