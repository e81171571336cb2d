import type { LookupFunction } from 'node:net';

import type { Dispatcher } from 'undici';
import { z } from 'zod';

import { SECOND_MS } from '../../core/basics/clock.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import { agentFor } from '../../net/proxied-connector.ts';
import type { WayOut } from '../../net/way-out.ts';
import { readAtMost } from '../../lib/read-at-most.ts';

const TIMEOUT_MS = 5 * SECOND_MS;
const MAX_BYTES = 64 * 1024;

const count = z.number().int().positive().optional().catch(undefined);

const information = z.object({
  supported_nips: z.array(z.unknown()).optional().catch(undefined),
  limitation: z
    .object({
      max_message_length: count,
      max_subscriptions: count,
      max_limit: count,
      max_subid_length: count,
    })
    .catch({}),
});

/** The limits that a relay states (NIP-11) and that concern a listener. A limit that the relay does not state is absent. */
export interface RelayLimits {
  /** The longest message that it accepts, and so the longest event that it can hold, in bytes. */
  readonly maxMessageLength?: number | undefined;
  readonly maxSubscriptions?: number | undefined;
  /** The most stored events that it gives for one filter. */
  readonly maxLimit?: number | undefined;
  /** The longest subscription id that it accepts, in characters. */
  readonly maxSubscriptionId?: number | undefined;
  /** The NIPs that it supports. */
  readonly nips?: readonly number[] | undefined;
}

export interface LimitsOptions {
  readonly userAgent: string;
  readonly onDate?: (date: unknown) => void;
  readonly lookup?: LookupFunction | undefined;
  readonly wayOut: WayOut;
}

/**
 * Asks a relay for its limits. Nothing depends on the answer: many relays have no such document, and some have a wrong one.
 *
 * @param url the relay's `ws(s)` URL
 * @param options.userAgent the `User-Agent` of the request
 * @param options.onDate called with the answer's `Date` header, whatever its status
 * @param options.wayOut how the relay is reached
 * @param options.lookup resolves the relay's name; absent: as usual
 * @returns `undefined` if the relay does not answer with such a document
 */
export async function fetchRelayLimits(
  url: string,
  signal: AbortSignal,
  { lookup, onDate, userAgent, wayOut }: LimitsOptions,
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
    // Loaded here, because it would make the program's start longer.
    const { Agent, request } = await import('undici');
    // A dispatcher of its own: a shared one may reuse a connection that was dialled without this `lookup`.
    const direct = { connect: lookup === undefined ? {} : { lookup } };
    dispatcher = (await agentFor(wayOut, page, { lookup, isOwn: lookup === undefined })) ?? new Agent(direct);
    const headers = { accept: 'application/nostr+json', 'user-agent': userAgent };
    const asked = request(page, { headers, signal: cutOff.signal, dispatcher });
    const { statusCode, headers: answered, body } = await asked;
    onDate?.(answered['date']);
    const { text, isCut } = await readAtMost(body, MAX_BYTES);
    return statusCode === 200 && !isCut ? readRelayLimits(text) : undefined;
  } catch {
    return undefined; // The relay is unreachable, too slow or gone, or the document is too long.
  } finally {
    stop();
    // Never rejects. Its connections are cut at once.
    void dispatcher?.destroy();
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Reads the text of a NIP-11 document. A limit of the wrong form counts as not stated. */
export function readRelayLimits(text: string): RelayLimits {
  const { data } = information.safeParse(parseJson(text));
  const { limitation } = data ?? {};
  return {
    maxMessageLength: limitation?.max_message_length,
    maxSubscriptions: limitation?.max_subscriptions,
    maxLimit: limitation?.max_limit,
    maxSubscriptionId: limitation?.max_subid_length,
    nips: data?.supported_nips?.filter((nip) => typeof nip === 'number'),
  };
}
