import { randomBytes, randomInt } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

import { finalizeEvent, generateSecretKey, getPublicKey, type NostrEvent } from 'nostr-tools/pure';

const STRANGERS = 25;
const TWO_DAYS_SECONDS = 2 * 24 * 3600;

/** Events that must wake no device. */
export interface UnwantedEvents {
  readonly forStrangers: readonly NostrEvent[];
  readonly repeated: readonly NostrEvent[];
  readonly forged: readonly NostrEvent[];
}

/**
 * The usual traffic of a relay: gift wraps and signed messages, half each, for keys that are not registered. The signatures are
 * real. The content is noise, as ciphertext is to everyone without the key.
 *
 * @param signal ends the work early, with fewer events
 */
export async function eventsForStrangers(count: number, signal: AbortSignal): Promise<NostrEvent[]> {
  const strangers = Array.from({ length: STRANGERS }, () => getPublicKey(generateSecretKey()));
  const otherDaemon = generateSecretKey();
  const events: NostrEvent[] = [];
  while (events.length < count && !signal.aborted) {
    const recipient = strangers[events.length % STRANGERS] ?? '';
    events.push(giftWrap(recipient), message(recipient, otherDaemon));
    // Signing all of them takes a second. Ctrl-C and the stand-ins must not wait that long.
    await nextTurn();
  }
  return events;
}

/** The same event, id and all, with the last bit of its signature flipped. */
export function forgedCopy(event: NostrEvent): NostrEvent {
  const lastDigit = Number.parseInt(event.sig.slice(-1), 16);
  return { ...event, sig: `${event.sig.slice(0, -1)}${(lastDigit ^ 1).toString(16)}` };
}

function giftWrap(recipient: string): NostrEvent {
  const created_at = now() - randomInt(TWO_DAYS_SECONDS);
  const content = randomBytes(1200).toString('base64');
  return finalizeEvent({ kind: 1059, created_at, tags: [['p', recipient]], content }, generateSecretKey());
}

function message(recipient: string, author: Uint8Array): NostrEvent {
  const content = randomBytes(300).toString('base64');
  return finalizeEvent({ kind: 14, created_at: now(), tags: [['p', recipient]], content }, author);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
