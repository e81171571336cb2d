import { randomBytes } from 'node:crypto';

import type { NostrEvent } from 'nostr-tools/pure';

import { eventSigner } from '../../src/crypto/event-signer.ts';
import { generatePrivateKey, parseServerKey } from '../../src/crypto/server-key.ts';

interface SwiftEvent {
  readonly recipient: string;
  readonly kind: number;
  /** Positive in the past. */
  readonly ageSeconds: number;
  /** How long its content is; 32 by default. */
  readonly contentBytes?: number;
}

/** Thousands of genuine events, all by one key, signed by a fast library. nostr-tools would take a minute. */
export function swiftEvents(events: readonly SwiftEvent[]): NostrEvent[] {
  const key = parseServerKey(generatePrivateKey());
  if (key === undefined) throw new Error('no key');
  const signer = eventSigner(key);
  const now = Math.floor(Date.now() / 1000);
  return events.map(({ recipient, kind, ageSeconds, contentBytes = 32 }) => {
    const content = randomBytes(Math.ceil((contentBytes * 3) / 4)).toString('base64');
    const template = { kind, created_at: now - ageSeconds, tags: [['p', recipient]], content };
    return signer.sign(template) as NostrEvent;
  });
}
