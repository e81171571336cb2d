import type { LookupFunction } from 'node:net';

import type { Dispatcher } from 'undici';
import { z } from 'zod';

import { SECOND_MS } from '../../core/basics/clock.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import { readAtMost } from '../../lib/read-at-most.ts';

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

export interface LimitsOptions {
  readonly onDate?: (date: unknown) => void;
  readonly lookup?: LookupFunction | undefined;
}

/**
 * Asks a relay for its limits. Best effort: many relays have no such document, some have one that is wrong.
 *
 * @param url the relay's `ws(s)` URL
 * @param options.onDate told of the answer's `Date` header, whatever its status
 * @param options.lookup how the relay's name is resolved; as usual where this is absent
 * @returns `undefined` when the relay does not answer with such a document
 */
export async function fetchRelayLimits(
  url: string,
  signal: AbortSignal,
  { lookup, onDate }: LimitsOptions = {},
): Promise<RelayLimits | undefined> {
  if (signal.aborted) return undefined;
  const page = new URL(url.replace(/^ws/, 'http'));
  page.username = '';
  page.password = '';
  const cutOff = new AbortController();
  const stop = (): void => cutOff.abort();
  const timer = setTimeout(stop, TIMEOUT_MS);
  signal.addEventListener('abort', stop, { once: true });
  let dispatcher: Dispatcher | undefined;
  try {
    // Beside the first conversation, not at the start, which it would make longer.
    const { Agent, request } = await import('undici');
    // Of its own: a connection that is kept for others was dialled without this relay's look-up.
    dispatcher = new Agent({ connect: lookup === undefined ? {} : { lookup } });
    const headers = { accept: 'application/nostr+json' };
    const asked = request(page, { headers, signal: cutOff.signal, dispatcher });
    const { statusCode, headers: answered, body } = await asked;
    onDate?.(answered['date']);
    const { text, isCut } = await readAtMost(body, MAX_BYTES);
    return statusCode === 200 && !isCut ? readRelayLimits(text) : undefined;
  } catch {
    return undefined; // Unreachable, too slow, too long, or gone: nothing depends on it.
  } finally {
    stop();
    // Rejects never; its connections are cut at once.
    void dispatcher?.destroy();
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
