import type { NostrEvent } from '../core/nostr/nostr-event.ts';

/** The text whose SHA-256 is the event's id (NIP-01). */
export function serialiseEvent({
  pubkey,
  created_at,
  kind,
  tags,
  content,
}: Omit<NostrEvent, 'id' | 'sig'>): string {
  return JSON.stringify([0, pubkey, created_at, kind, tags, content]);
}
