/** Protocol v1: its events are back-dated by up to two days (NIP-59), and their author is a key used once. */
export const GIFT_WRAP_KIND = 1059;
/** Protocol v2: its events carry their true time, and their author is the Mostro instance (contract 2). */
export const SIGNED_MESSAGE_KIND = 14;

/** The kinds of event that can wake a device. */
export const WAKING_KINDS = [GIFT_WRAP_KIND, SIGNED_MESSAGE_KIND] as const;
export type WakingKind = (typeof WAKING_KINDS)[number];

/** What relays a key reads and writes (NIP-65). */
export const RELAY_LIST_KIND = 10_002;

/** A Nostr event as it stands on the wire (NIP-01): ids, keys and signatures are lower-case hex. */
export interface NostrEvent {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
  readonly sig: string;
  /** The hashed members as the relay wrote them; absent where the event did not come from a relay. */
  readonly written?: WrittenMembers | undefined;
}

/**
 * The members of an event that its id is a hash of, each in the JSON in which a relay sent it. Relays differ in which
 * characters they escape, and a relay that hashes its own spelling stores events whose id is the hash of that spelling.
 */
export interface WrittenMembers {
  readonly createdAt: string;
  readonly kind: string;
  readonly tags: Uint8Array;
  readonly content: Uint8Array;
}

const HEX_64 = /^[0-9a-f]{64}$/;
const HEX_128 = /^[0-9a-f]{128}$/;

/** Whether a value is a tag: an array of texts (NIP-01). */
export function isTag(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((element) => typeof element === 'string');
}

/**
 * Narrows parsed JSON to an event of the right shape. Says nothing about its id or signature: that is the
 * verifier's word.
 *
 * @returns the event, or `undefined` when a member is missing or of the wrong form (NIP-01)
 */
export function asNostrEvent(value: unknown): NostrEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, pubkey, created_at, kind, tags, content, sig } = value as Record<string, unknown>;
  if (typeof id !== 'string' || !HEX_64.test(id)) return undefined;
  if (typeof pubkey !== 'string' || !HEX_64.test(pubkey)) return undefined;
  if (typeof sig !== 'string' || !HEX_128.test(sig)) return undefined;
  // A time beyond 2^53 is no number that JavaScript has, but some relays store it: the event is whole, and far in the future.
  if (!Number.isInteger(created_at) || !Number.isSafeInteger(kind)) return undefined;
  if (typeof content !== 'string' || !Array.isArray(tags) || !tags.every(isTag)) return undefined;
  return { id, pubkey, created_at: created_at as number, kind: kind as number, tags, content, sig };
}

/**
 * The time after which the event must be ignored (NIP-40).
 *
 * @returns unix seconds, or `undefined` when the event never expires or its tag is not a number
 */
export function expirationOf(event: NostrEvent): number | undefined {
  const value = event.tags.find((tag) => tag[0] === 'expiration')?.[1];
  return value !== undefined && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
