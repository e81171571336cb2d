import type { NostrEvent } from 'nostr-tools/pure';

import type { Filter } from './relay-filter.ts';
import type { WrongPages } from './relay-options.ts';
import type { RelayStore } from './relay-store.ts';

/** What a relay says to a REQ: events before its EOSE, and events after it. */
export interface StoredAnswer {
  readonly before: readonly NostrEvent[];
  readonly after: readonly NostrEvent[];
}

/** The answer of a relay that answers REQs wrongly. @param maxLimit the most events that it sends for one REQ */
export function wrongAnswer(
  store: RelayStore,
  filters: readonly Filter[],
  wrong: WrongPages,
  maxLimit: number,
): StoredAnswer {
  const limit = Math.min(maxLimit, ...filters.map((filter) => filter.limit ?? Infinity));
  const all = limit === 0 ? [] : store.query(filters.map((filter) => widened(filter, wrong)));
  switch (wrong) {
    case 'oldest':
      return { before: all.toReversed().slice(0, limit), after: [] };
    case 'any':
      return { before: all.toSorted(() => Math.random() - 0.5).slice(0, limit), after: [] };
    case 'eose first':
      return { before: [], after: all.slice(0, limit) };
    case 'eose between': {
      const page = all.slice(0, limit);
      const half = page.length >> 1;
      return { before: page.slice(0, half), after: page.slice(half) };
    }
    case 'eose alone':
      return { before: [], after: [] };
    case 'until excluded':
    case 'until ignored':
      return { before: all.slice(0, limit), after: [] };
  }
}

function widened(filter: Filter, wrong: WrongPages): Filter {
  const { until } = filter;
  const whole = { ...filter, limit: Infinity };
  if (until === undefined || !wrong.startsWith('until')) return whole;
  return { ...whole, until: wrong === 'until excluded' ? until - 1 : Infinity };
}
