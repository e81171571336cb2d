import type { NostrEvent } from './nostr-event.ts';

/** Signs events with the server's own key (NIP-42). */
export interface EventSigner {
  sign(template: Pick<NostrEvent, 'kind' | 'created_at' | 'tags' | 'content'>): NostrEvent;
}
