import type { NostrEvent } from 'nostr-tools/pure';

/** The same event, id and all, with the last bit of its signature flipped. */
export function forgedCopy(event: NostrEvent): NostrEvent {
  const lastDigit = Number.parseInt(event.sig.slice(-1), 16);
  return { ...event, sig: `${event.sig.slice(0, -1)}${(lastDigit ^ 1).toString(16)}` };
}
