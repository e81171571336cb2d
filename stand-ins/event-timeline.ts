import type { NostrEvent } from 'nostr-tools/pure';

import { type Filter, matchesFilter } from './relay-filter.ts';

/** Events in the order of NIP-01: newest first, and within a second by lowest id. */
export class EventTimeline {
  #events: NostrEvent[] = [];

  static compare(a: NostrEvent, b: NostrEvent): number {
    if (a.created_at !== b.created_at) return b.created_at - a.created_at;
    if (a.id === b.id) return 0;
    return a.id < b.id ? -1 : 1;
  }

  insert(event: NostrEvent): void {
    this.#events.splice(
      this.#firstWhere((other) => EventTimeline.compare(event, other) < 0),
      0,
      event,
    );
  }

  /** Adds many events at once, which is much cheaper than one at a time. */
  insertAll(events: readonly NostrEvent[]): void {
    this.#events = [...this.#events, ...events].toSorted((a, b) => EventTimeline.compare(a, b));
  }

  remove(event: NostrEvent): void {
    const index = this.#events.indexOf(event);
    if (index !== -1) this.#events.splice(index, 1);
  }

  /** The first `limit` events that satisfy a filter. */
  page(filter: Filter, limit: number): NostrEvent[] {
    const { since = -Infinity, until = Infinity } = filter;
    const found: NostrEvent[] = [];
    for (let at = this.#firstWhere(({ created_at }) => created_at <= until); found.length < limit; at += 1) {
      const event = this.#events[at];
      if (event === undefined || event.created_at < since) break;
      if (matchesFilter(filter, event)) found.push(event);
    }
    return found;
  }

  /** The index of the first event that satisfies a condition. All events after it satisfy it too (binary search). */
  #firstWhere(condition: (event: NostrEvent) => boolean): number {
    let [from, to] = [0, this.#events.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      const event = this.#events[middle];
      if (event !== undefined && condition(event)) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
