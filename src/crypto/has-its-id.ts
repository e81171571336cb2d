import { hash } from 'node:crypto';

import type { NostrEvent } from '../core/nostr-event.ts';
import { serialiseEvent } from './serialise-event.ts';

/** What stands for the content in a text that has none of it. */
const NO_CONTENT = '""]';
/** Relays keep events to this, and gift wraps have a few KiB; a larger one is serialised. */
const MOST_BYTES = 64 * 1024;
/** Used within one call, never across two. */
const bytes = Buffer.alloc(MOST_BYTES);

/**
 * Whether an event has the id that it says (NIP-01: the SHA-256 of its serialisation).
 *
 * The content that relays send is nearly always written as NIP-01 has it serialised, so its own bytes are hashed. What is
 * written in another way gives another hash, and is read and serialised: no hash is taken for one that it is not.
 */
export function hasItsId(event: NostrEvent): boolean {
  if (event.contentJson !== undefined && hashAsWritten(event, event.contentJson) === event.id) return true;
  return hash('sha256', serialiseEvent(event), 'hex') === event.id;
}

function hashAsWritten(event: NostrEvent, contentJson: Uint8Array): string | undefined {
  const { pubkey, created_at, kind, tags } = event;
  const head = serialiseEvent({ pubkey, created_at, kind, tags, content: '' }).slice(0, -NO_CONTENT.length);
  if (Buffer.byteLength(head) + contentJson.length + 1 > MOST_BYTES) return undefined;
  const start = bytes.write(head);
  bytes.set(contentJson, start);
  const end = start + contentJson.length;
  bytes.write(']', end);
  return hash('sha256', bytes.subarray(0, end + 1), 'hex');
}
