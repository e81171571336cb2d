import { createHash, randomBytes } from 'node:crypto';

import type { NostrEvent } from 'nostr-tools/pure';
import { signSchnorr, xOnlyPointFromScalar } from 'tiny-secp256k1';

/** Writes JSON differently: any character may be written as itself or as an escape. */
export type Spell = (json: string) => string;

/** How strfry writes JSON: U+007F is escaped, which NIP-01 does not have. */
export const strfry: Spell = (json) => json.replaceAll('\u007F', String.raw`\u007f`);

interface SpeltParts {
  readonly kind?: number;
  /** `created_at` as JSON text. */
  readonly createdAt?: string;
  /** Further tags, after the `p` tag. */
  readonly tags?: readonly string[][];
  readonly content?: string;
  readonly secretKey?: Uint8Array;
}

/** How the relay writes tags and content in the text that it hashes. */
interface Spelling {
  readonly tags?: Spell;
  readonly content?: Spell;
  /** The encoding in which the relay hashes and sends its text. */
  readonly encoding?: 'utf8' | 'latin1';
}

const asIs: Spell = (json) => json;
const SIGNER = randomBytes(32);

/**
 * An event of now for one recipient, as the text that a relay sends. Its id is the hash of the relay's own spelling, and its members are
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

/** The same event, parsed, for a relay that writes everything in one way: what that relay stores. */
export function storedEvent(recipient: string, parts: SpeltParts, spell: Spell): NostrEvent {
  return JSON.parse(speltEvent(recipient, parts, { tags: spell, content: spell })) as NostrEvent;
}
