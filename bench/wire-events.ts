import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';

import { eventSigner } from '../src/crypto/event-signer.ts';
import { generatePrivateKey, parseServerKey } from '../src/crypto/server-key.ts';

/** The length of the content (base64) of a Mostro gift wrap. */
const CONTENT_BYTES = 2048;
const SIGNED_AT_ONCE = 200;

function signer(): ReturnType<typeof eventSigner> {
  const key = parseServerKey(generatePrivateKey());
  if (key === undefined) throw new Error('no key');
  return eventSigner(key);
}

/** Genuine gift wraps as JSON, one for each recipient. One key signs all of them, because no part of the program looks at the author. */
export async function giftWraps(
  recipients: readonly string[],
  ageSeconds: (n: number) => number = () => 0,
): Promise<string[]> {
  const events = signer();
  const now = Math.floor(Date.now() / 1000);
  const wraps: string[] = [];
  for (const [n, recipient] of recipients.entries()) {
    const content = randomBytes((CONTENT_BYTES / 4) * 3).toString('base64');
    const created_at = now - ageSeconds(n);
    wraps.push(JSON.stringify(events.sign({ kind: 1059, created_at, tags: [['p', recipient]], content })));
    // Events are made in pieces: a relay that answers no ping for half a minute would be dialled again.
    if (n % SIGNED_AT_ONCE === 0) await setImmediate();
  }
  return wraps;
}

/** Gift wraps for this many keys, none of them registered. */
export function strangersEvents(count: number): Promise<string[]> {
  return giftWraps(Array.from({ length: count }, () => randomBytes(32).toString('hex')));
}
