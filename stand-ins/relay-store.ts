import type { NostrEvent } from 'nostr-tools/pure';

import { type Filter, matchesFilter } from './relay-filter.ts';

/** What a relay remembers: everything but ephemeral events, and of a replaceable event only the newest version. */
export class RelayStore {
  // Not keyed by id: a forged copy bears the id of the genuine event, and a lying relay holds both.
  readonly #events = new Set<NostrEvent>();
  readonly #ids = new Set<string>();
  readonly #newest = new Map<string, NostrEvent>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Takes in a published event. */
  add(event: NostrEvent): void {
    if (event.kind >= 20_000 && event.kind < 30_000) return;
    const address = replaceableAddress(event);
    if (address !== undefined) {
      const known = this.#newest.get(address);
      if (known !== undefined && byNewest(known, event) < 0) return;
      if (known !== undefined) this.#events.delete(known);
      this.#newest.set(address, event);
    }
    this.keep(event);
  }

  /** Holds an event whatever it is, beside any it would replace. */
  keep(event: NostrEvent): void {
    this.#events.add(event);
    this.#ids.add(event.id);
  }

  /** The stored events that a REQ asks for, newest first. `limit` holds for each filter on its own. */
  query(filters: readonly Filter[], { ignoreLimitZero = false } = {}): NostrEvent[] {
    const found = new Set<NostrEvent>();
    for (const filter of filters) {
      const limit = filter.limit === 0 && ignoreLimitZero ? Infinity : (filter.limit ?? Infinity);
      if (limit === 0) continue;
      const matching = [...this.#events].filter((event) => matchesFilter(filter, event));
      for (const event of matching.toSorted(byNewest).slice(0, limit)) found.add(event);
    }
    return [...found].toSorted(byNewest);
  }
}

function byNewest(a: NostrEvent, b: NostrEvent): number {
  return b.created_at - a.created_at || (a.id < b.id ? -1 : 1);
}

function replaceableAddress({ kind, pubkey, tags }: NostrEvent): string | undefined {
  if (kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000)) return `${kind}:${pubkey}`;
  if (kind < 30_000 || kind >= 40_000) return undefined;
  return `${kind}:${pubkey}:${tags.find(([name]) => name === 'd')?.[1] ?? ''}`;
}
