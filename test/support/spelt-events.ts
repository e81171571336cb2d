import { createHash, randomBytes } from 'node:crypto';

import type { NostrEvent } from 'nostr-tools/pure';
import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';

/** Writes JSON in another way: every character stands for itself or for an escape of it. */
export type Spell = (json: string) => string;

/** How strfry writes JSON: U+007F is escaped, which NIP-01 does not have. */
export const strfry: Spell = (json) => json.replaceAll('\u007F', String.raw`\u007f`);

interface SpeltParts {
  readonly kind?: number;
  /** As written: a number of JSON. */
  readonly createdAt?: string;
  /** Besides the `p` tag. */
  readonly tags?: readonly string[][];
  readonly content?: string;
  readonly secretKey?: Uint8Array;
}

/** How the relay that hashes an event spells its tags and its content. */
interface Spelling {
  readonly tags?: Spell;
  readonly content?: Spell;
  /** In which bytes the relay hashes its text, and sends it. */
  readonly encoding?: 'utf8' | 'latin1';
}

const asIs: Spell = (json) => json;
const SIGNER = randomBytes(32);

/**
 * An event of now for one recipient, as the text that a relay sends: its id is the hash of the relay's own spelling. Members are
 * written as they were hashed.
 */
export function speltEvent(recipient: string, parts: SpeltParts, spelling: Spelling): string {
  const { kind = 1059, tags = [], content = 'sealed', secretKey = SIGNER } = parts;
  const { encoding = 'utf8' } = spelling;
  const { createdAt = `${Math.floor(Date.now() / 1000)}` } = parts;
  const pubkey = Buffer.from(xOnlyPointFromScalar(secretKey)).toString('hex');
  const tagsText = (spelling.tags ?? asIs)(JSON.stringify([['p', recipient], ...tags]));
  const contentText = (spelling.content ?? asIs)(JSON.stringify(content));
  const id = createHash('sha256')
    .update(`[0,"${pubkey}",${createdAt},${kind},${tagsText},${contentText}]`, encoding)
    .digest();
  const sig = Buffer.from(signSchnorr(id, secretKey, randomBytes(32))).toString('hex');
  return (
    `{"id":"${id.toString('hex')}","pubkey":"${pubkey}","created_at":${createdAt},"kind":${kind},` +
    `"tags":${tagsText},"content":${contentText},"sig":"${sig}"}`
  );
}

/** The same for a relay that spells everything in one way, parsed: what such a relay stores. */
export function storedEvent(recipient: string, parts: SpeltParts, spell: Spell): NostrEvent {
  return JSON.parse(speltEvent(recipient, parts, { tags: spell, content: spell })) as NostrEvent;
}
