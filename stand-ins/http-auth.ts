import { createHash } from 'node:crypto';

import { finalizeEvent } from 'nostr-tools/pure';

export interface HttpAuthParts {
  readonly url: string;
  readonly method?: string;
  readonly body: string;
  /** Unix seconds; now by default. */
  readonly createdAt?: number;
  /** Changes the event before it is signed. */
  readonly template?: (event: { kind: number; tags: string[][]; content: string }) => void;
}

/** The header that signs an HTTP request with a key (NIP-98), as a client that signs makes it. */
export function httpAuth(secretKey: Uint8Array, parts: HttpAuthParts): string {
  const { url, method = 'POST', body, createdAt = Math.floor(Date.now() / 1000), template } = parts;
  const payload = createHash('sha256').update(body).digest('hex');
  const event = {
    kind: 27_235,
    tags: [
      ['u', url],
      ['method', method],
      ['payload', payload],
    ],
    content: '',
  };
  template?.(event);
  const signed = finalizeEvent({ ...event, created_at: createdAt }, secretKey);
  return `Nostr ${Buffer.from(JSON.stringify(signed)).toString('base64')}`;
}
