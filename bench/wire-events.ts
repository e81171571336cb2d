import { randomBytes } from 'node:crypto';

import { eventSigner } from '../src/crypto/event-signer.ts';
import { generatePrivateKey, parseServerKey } from '../src/crypto/server-key.ts';

/** Bytes of base64 that the content of a gift wrap of Mostro's has. */
const CONTENT_BYTES = 2048;

function signer(): ReturnType<typeof eventSigner> {
  const key = parseServerKey(generatePrivateKey());
  if (key === undefined) throw new Error('no key');
  return eventSigner(key);
}

/** Genuine gift wraps as JSON, one for each recipient. Signed by one key: nobody looks at whose. */
export function giftWraps(
  recipients: readonly string[],
  ageSeconds: (n: number) => number = () => 0,
): string[] {
  const events = signer();
  const now = Math.floor(Date.now() / 1000);
  return recipients.map((recipient, n) => {
    const content = randomBytes((CONTENT_BYTES / 4) * 3).toString('base64');
    return JSON.stringify(
      events.sign({ kind: 1059, created_at: now - ageSeconds(n), tags: [['p', recipient]], content }),
    );
  });
}

/** Gift wraps for so many keys that nobody registered. */
export function strangersEvents(count: number): string[] {
  return giftWraps(Array.from({ length: count }, () => randomBytes(32).toString('hex')));
}
