import { z } from 'zod';

import { SECOND_MS } from '../core/clock.ts';
import { parseJson } from '../core/parse-json.ts';

const TIMEOUT_MS = 5 * SECOND_MS;
const MAX_BYTES = 64 * 1024;

const count = z.number().int().positive().optional().catch(undefined);

const information = z.object({
  limitation: z
    .object({
      max_message_length: count,
      max_subscriptions: count,
      max_limit: count,
      max_subid_length: count,
    })
    .catch({}),
});

/** What a relay says of its own limits (NIP-11), as far as they concern a listener. A limit that it does not name is absent. */
export interface RelayLimits {
  /** The longest frame that it takes, so the longest event that it can hold, in bytes. */
  readonly maxMessageLength?: number | undefined;
  readonly maxSubscriptions?: number | undefined;
  /** The most stored events that it gives for one filter. */
  readonly maxLimit?: number | undefined;
  /** In characters. */
  readonly maxSubscriptionId?: number | undefined;
}

/**
 * Asks a relay for its limits. Best effort: many relays have no such document, some have one that is wrong.
 *
 * @param url the relay's `ws(s)` URL
 * @param onDate told of the answer's `Date` header, whatever its status
 * @returns `undefined` when the relay does not answer with such a document
 */
export async function fetchRelayLimits(
  url: string,
  signal: AbortSignal,
  onDate?: (date: unknown) => void,
): Promise<RelayLimits | undefined> {
  if (signal.aborted) return undefined;
  const page = new URL(url.replace(/^ws/, 'http'));
  page.username = '';
  page.password = '';
  const cutOff = new AbortController();
  const stop = (): void => cutOff.abort();
  const timer = setTimeout(stop, TIMEOUT_MS);
  signal.addEventListener('abort', stop, { once: true });
  try {
    // Beside the first conversation, not at the start, which it would make longer.
    const { request } = await import('undici');
    const headers = { accept: 'application/nostr+json' };
    const { statusCode, headers: answered, body } = await request(page, { headers, signal: cutOff.signal });
    onDate?.(answered['date']);
    const text = await readAtMost(body, MAX_BYTES);
    return statusCode === 200 ? readRelayLimits(text) : undefined;
  } catch {
    return undefined; // Unreachable, too slow, too long, or gone: nothing depends on it.
  } finally {
    stop();
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Reads the text of a NIP-11 document; a limit of the wrong form counts as not named. */
export function readRelayLimits(text: string): RelayLimits {
  const { data } = information.safeParse(parseJson(text));
  const { limitation } = data ?? {};
  return {
    maxMessageLength: limitation?.max_message_length,
    maxSubscriptions: limitation?.max_subscriptions,
    maxLimit: limitation?.max_limit,
    maxSubscriptionId: limitation?.max_subid_length,
  };
}

async function readAtMost(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw new RangeError('too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
