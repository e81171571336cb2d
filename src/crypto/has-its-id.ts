import { createHash, hash } from 'node:crypto';

import type { NostrEvent, WrittenMembers } from '../core/nostr/nostr-event.ts';
import { compactJson } from './compact-json.ts';
import { serialiseEvent } from './serialise-event.ts';

/** What stands for the content in a text that has none of it. */
const NO_CONTENT = '""]';
/** Relays keep events to this, and gift wraps have a few KiB; a larger one is hashed in parts. */
const MOST_BYTES = 64 * 1024;
/** Used within one call, never across two. */
const bytes = Buffer.alloc(MOST_BYTES);

/**
 * Whether an event has the id that it says: the SHA-256 of NIP-01's serialisation, or of the event's members as the relay wrote
 * them (contract 2).
 *
 * Nearly every relay writes a content as NIP-01 has it serialised, so the content's own bytes are hashed first, unparsed. Only an
 * event that does not have this hash is tried in the other spellings. Each is hashed with the members that the event was read
 * by, so no id is taken for the id of another event.
 */
export function hasItsId(event: NostrEvent): boolean {
  const { id, written } = event;
  if (written === undefined) return hash('sha256', serialiseEvent(event), 'hex') === id;
  return hashAsUsual(event, written.content) === id || isHashOfASpelling(event, written);
}

/** The hash over NIP-01's tags and the content as written, or `undefined` where that is too long for the buffer. */
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
 * may put white space between tags that it does not hash. A member that is spelt in one way only is hashed in one way only: an
 * ordinary forgery costs one hash here.
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
