import { type NostrEvent, validateEvent } from 'nostr-tools/pure';

import type { Filter } from './relay-filter.ts';

/** What a client may say (NIP-01, NIP-42, NIP-77). */
export type ClientMessage =
  | { type: 'EVENT'; event: NostrEvent }
  | { type: 'AUTH'; event: NostrEvent }
  | { type: 'REQ'; subscription: string; filters: Filter[] }
  | { type: 'CLOSE'; subscription: string }
  | { type: 'NEG-OPEN'; subscription: string; filter: Filter; message: string }
  | { type: 'NEG-MSG'; subscription: string; message: string }
  | { type: 'NEG-CLOSE'; subscription: string };

/** Reads the elements of a frame as a client's message; undefined if they are none. */
export function clientMessage([type, first, ...filters]: readonly unknown[]): ClientMessage | undefined {
  if (type === 'EVENT' || type === 'AUTH') return isEvent(first) ? { type, event: first } : undefined;
  if (!isSubscription(first)) return undefined;
  if (type === 'CLOSE') return { type, subscription: first };
  if (type === 'REQ' && filters.length > 0 && filters.every(isFilter)) {
    return { type, subscription: first, filters };
  }
  const [second, third] = filters;
  if (type === 'NEG-OPEN' && isFilter(second) && typeof third === 'string')
    return { type, subscription: first, filter: second, message: third };
  if (type === 'NEG-MSG' && typeof second === 'string') return { type, subscription: first, message: second };
  if (type === 'NEG-CLOSE') return { type, subscription: first };
  return undefined;
}

function isEvent(value: unknown): value is NostrEvent {
  if (!validateEvent(value)) return false;
  return 'id' in value && typeof value.id === 'string' && 'sig' in value && typeof value.sig === 'string';
}

function isSubscription(value: unknown): value is string {
  return typeof value === 'string' && value.length >= 1 && value.length <= 64;
}

function isFilter(value: unknown): value is Filter {
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value).every(([key, condition]) =>
    key === 'since' || key === 'until' || key === 'limit'
      ? Number.isInteger(condition)
      : Array.isArray(condition),
  );
}
