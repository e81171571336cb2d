import { createHash, hash } from 'node:crypto';

import type { NostrEvent, WrittenMembers } from '../core/nostr/nostr-event.ts';
import { compactJson } from './compact-json.ts';
import { serialiseEvent } from './serialise-event.ts';

/** How the serialisation of an event with an empty content ends. */
const NO_CONTENT = '""]';
/** The size of the buffer. Relays keep events below this, and gift wraps have a few KiB. A larger event is hashed in parts. */
const MOST_BYTES = 64 * 1024;
/** Used within one call only: no content is left for the next one. */
const bytes = Buffer.alloc(MOST_BYTES);

/**
 * Whether an event's id is right: the SHA-256 of NIP-01's serialisation, or of the event's members as the relay wrote them
 * (contract 2).
 *
 * Nearly every relay writes a content in the form that NIP-01 hashes, so the content's own bytes are hashed first, unparsed. The other
 * spellings are tried only if this hash is not the id. Every spelling has the members that the event was read with, so an event cannot
 * pass with the id of another event.
 */
export function hasItsId(event: NostrEvent): boolean {
  const { id, written } = event;
  if (written === undefined) return hash('sha256', serialiseEvent(event), 'hex') === id;
  return hashAsUsual(event, written.content) === id || isHashOfASpelling(event, written);
}

/** The hash over the tags as NIP-01 serialises them and the content as written; `undefined` if both are too long for the buffer. */
function hashAsUsual(
  { pubkey, created_at, kind, tags }: NostrEvent,
  content: Uint8Array,
): string | undefined {
  const head = serialiseEvent({ pubkey, created_at, kind, tags, content: '' }).slice(0, -NO_CONTENT.length);
  if (Buffer.byteLength(head) + content.length + 1 > MOST_BYTES) return undefined;
  const start = bytes.write(head);
  bytes.set(content, start);
  const end = start + content.length;
  bytes.write(']', end);
  return hash('sha256', bytes.subarray(0, end + 1), 'hex');
}

/**
 * Whether the id is the hash of any mixture of spellings. A relay may serialise numbers, tags and content by different code, and
 * may put white space between tags that it does not hash. Equal spellings are hashed once, so an ordinary forgery costs one hash here.
 */
function isHashOfASpelling(event: NostrEvent, written: WrittenMembers): boolean {
  const { id, pubkey, created_at, kind, tags, content } = event;
  const numbers = new Set([`${created_at},${kind}`, `${written.createdAt},${written.kind}`]);
  const tagSpellings = distinct([
    Buffer.from(JSON.stringify(tags)),
    compactJson(written.tags),
    Buffer.from(written.tags),
  ]);
  const contentSpellings = distinct([Buffer.from(written.content), Buffer.from(JSON.stringify(content))]);
  for (const pair of numbers)
    for (const spelt of tagSpellings)
      for (const text of contentSpellings) {
        const digest = createHash('sha256').update(`[0,"${pubkey}",${pair},`);
        if (digest.update(spelt).update(',').update(text).update(']').digest('hex') === id) return true;
      }
  return false;
}

function distinct(texts: readonly Buffer[]): Buffer[] {
  return texts.filter((text, n) => texts.findIndex((other) => other.equals(text)) === n);
}
