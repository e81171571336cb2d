import type { NostrEvent } from 'nostr-tools/pure';

import { EventTimeline } from './event-timeline.ts';
import type { Filter } from './relay-filter.ts';

interface QueryOptions {
  ignoreLimitZero?: boolean;
  /** The most events that are sent for a filter, whatever its own `limit`. */
  maxLimit?: number;
}

/** The events that a relay stores: all but ephemeral ones. Of a replaceable event it stores only the newest version. */
export class RelayStore {
  // A list and not a map by id: a forged copy has the id of the genuine event, and a lying relay stores both.
  readonly #events = new Set<NostrEvent>();
  readonly #ids = new Set<string>();
  readonly #newest = new Map<string, NostrEvent>();
  readonly #timelines = new Map<number, EventTimeline>();

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  /** Stores a published event. */
  add(event: NostrEvent): void {
    if (event.kind >= 20_000 && event.kind < 30_000) return;
    const address = replaceableAddress(event);
    if (address !== undefined) {
      const known = this.#newest.get(address);
      if (known !== undefined && EventTimeline.compare(known, event) < 0) return;
      if (known !== undefined) this.#remove(known);
      this.#newest.set(address, event);
    }
    this.keep(event);
  }

  /** Stores an event of any kind, beside any event that it would replace. */
  keep(event: NostrEvent): void {
    if (this.#note(event)) this.#timeline(event.kind).insert(event);
  }

  /** Stores many events; see {@link keep}. */
  keepAll(events: readonly NostrEvent[]): void {
    const byKind = new Map<number, NostrEvent[]>();
    for (const event of events) {
      if (!this.#note(event)) continue;
      const ofKind = byKind.get(event.kind);
      if (ofKind === undefined) byKind.set(event.kind, [event]);
      else ofKind.push(event);
    }
    for (const [kind, ofKind] of byKind) this.#timeline(kind).insertAll(ofKind);
  }

  /** The stored events that a REQ asks for, newest first. `limit` bounds each filter separately. */
  query(filters: readonly Filter[], options: QueryOptions = {}): NostrEvent[] {
    const { ignoreLimitZero = false, maxLimit = Infinity } = options;
    const found = new Set<NostrEvent>();
    for (const filter of filters) {
      const asked = filter.limit === 0 && ignoreLimitZero ? Infinity : (filter.limit ?? Infinity);
      for (const event of this.#page(filter, Math.min(asked, maxLimit))) found.add(event);
    }
    return newestFirst([...found]);
  }

  #page(filter: Filter, limit: number): NostrEvent[] {
    const kinds = filter.kinds === undefined ? this.#timelines.keys() : new Set(filter.kinds);
    const pages = [...kinds].map((kind) => this.#timelines.get(kind)?.page(filter, limit) ?? []);
    return newestFirst(pages.flat()).slice(0, limit);
  }

  /** Whether the event is not stored yet. */
  #note(event: NostrEvent): boolean {
    if (this.#events.has(event)) return false;
    this.#events.add(event);
    this.#ids.add(event.id);
    return true;
  }

  #remove(event: NostrEvent): void {
    this.#events.delete(event);
    this.#timeline(event.kind).remove(event);
  }

  #timeline(kind: number): EventTimeline {
    const known = this.#timelines.get(kind);
    if (known !== undefined) return known;
    const timeline = new EventTimeline();
    this.#timelines.set(kind, timeline);
    return timeline;
  }
}

function newestFirst(events: readonly NostrEvent[]): NostrEvent[] {
  return events.toSorted((a, b) => EventTimeline.compare(a, b));
}

function replaceableAddress({ kind, pubkey, tags }: NostrEvent): string | undefined {
  if (kind === 0 || kind === 3 || (kind >= 10_000 && kind < 20_000)) return `${kind}:${pubkey}`;
  if (kind < 30_000 || kind >= 40_000) return undefined;
  return `${kind}:${pubkey}:${tags.find(([name]) => name === 'd')?.[1] ?? ''}`;
}
