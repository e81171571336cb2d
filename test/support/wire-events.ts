import { wrapEvent } from 'nostr-tools/nip59';
import { finalizeEvent, generateSecretKey, type NostrEvent } from 'nostr-tools/pure';
import { vi } from 'vitest';

const HOUR = 3600;
/** nip59 back-dates a gift wrap by a random time of up to this. */
const NIP59_HOURS = 48;

interface EventParts {
  readonly kind?: number;
  /** Positive in the past. */
  readonly ageSeconds?: number;
  /** Further tags, after the `p` tags. */
  readonly tags?: string[][];
  readonly content?: string;
  readonly secretKey?: Uint8Array;
}

/** An event of now for these recipients, signed with a key that is used once. Its content is not a real ciphertext, since no test opens it. */
export function eventFor(recipients: readonly string[], parts: EventParts = {}): NostrEvent {
  const { kind = 1059, ageSeconds = 0, tags = [], content = 'AgABAgMEBQYHCAkKCwwNDg8Q' } = parts;
  const template = {
    kind,
    created_at: Math.floor(Date.now() / 1000) - ageSeconds,
    tags: [...recipients.map((recipient) => ['p', recipient]), ...tags],
    content,
  };
  return unmarked(finalizeEvent(template, parts.secretKey ?? generateSecretKey()));
}

/** A gift wrap made by the nip59 module of nostr-tools. Only the random number for its back-dating is fixed. */
export function nip59GiftWrap(recipient: string, { backdatedHours }: { backdatedHours: number }): NostrEvent {
  const die = vi.spyOn(Math, 'random').mockReturnValue(backdatedHours / NIP59_HOURS);
  try {
    return unmarked(wrapEvent({ kind: 1, content: 'an order' }, generateSecretKey(), recipient));
  } finally {
    die.mockRestore();
  }
}

/** How many hours an event claims to be old. */
export function ageInHours(event: NostrEvent): number {
  return (Date.now() / 1000 - event.created_at) / HOUR;
}

/** The event with the lowest bit of the last character of one member flipped. Hex stays hex. */
export function flipped(event: NostrEvent, member: 'id' | 'pubkey' | 'sig' | 'content'): NostrEvent {
  const text = event[member];
  const last = text.at(-1) ?? '';
  const other =
    member === 'content'
      ? String.fromCodePoint((last.codePointAt(0) ?? 0) ^ 1)
      : (Number.parseInt(last, 16) ^ 1).toString(16);
  return { ...event, [member]: text.slice(0, -1) + other };
}

/** A copy without the mark by which nostr-tools recognises what it signed. Spreading would copy the mark to a forged event. */
function unmarked(event: NostrEvent): NostrEvent {
  return JSON.parse(JSON.stringify(event)) as NostrEvent;
}
