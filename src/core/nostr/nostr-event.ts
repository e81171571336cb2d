import { HOUR_MS } from '../basics/clock.ts';

/** The kind of protocol v1. Its events are back-dated by up to two days (NIP-59), and their author is a key that is used once. */
export const GIFT_WRAP_KIND = 1059;
/** The kind of protocol v2. Its events carry their true time, and their author is the Mostro instance (contract 2). */
export const SIGNED_MESSAGE_KIND = 14;

/** The kinds of event that can wake a device. */
export const WAKING_KINDS = [GIFT_WRAP_KIND, SIGNED_MESSAGE_KIND] as const;
export type WakingKind = (typeof WAKING_KINDS)[number];

/** A list of the relays that a key reads and writes (NIP-65). */
export const RELAY_LIST_KIND = 10_002;

/**
 * The oldest event that wakes a device (contract 2), in milliseconds. A gift wrap is back-dated by two days at most (NIP-59). The id of an
 * event need not be remembered for longer.
 */
export const MAX_EVENT_AGE_MS = 72 * HOUR_MS;

/** A Nostr event (NIP-01). Ids, keys and signatures are lower-case hex. */
export interface NostrEvent {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: readonly (readonly string[])[];
  readonly content: string;
  readonly sig: string;
  /** The hashed members as the relay wrote them; absent if the event did not come from a relay. */
  readonly written?: WrittenMembers | undefined;
}

/**
 * The members of which an event's id is the hash, each as the JSON text that the relay sent. Relays escape different characters, and the
 * ids at some relays are hashes of the relay's own spelling.
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
 * Checks that parsed JSON has the shape of an event (NIP-01). The id and the signature are checked by the verifier.
 *
 * @returns `undefined` if a member is missing or of the wrong form
 */
export function asNostrEvent(value: unknown): NostrEvent | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, pubkey, created_at, kind, tags, content, sig } = value as Record<string, unknown>;
  if (typeof id !== 'string' || !HEX_64.test(id)) return undefined;
  if (typeof pubkey !== 'string' || !HEX_64.test(pubkey)) return undefined;
  if (typeof sig !== 'string' || !HEX_128.test(sig)) return undefined;
  // Some relays store times beyond 2^53. JavaScript rounds such a number, but it is far in the future in any case.
  if (!Number.isInteger(created_at) || !Number.isSafeInteger(kind)) return undefined;
  if (typeof content !== 'string' || !Array.isArray(tags) || !tags.every(isTag)) return undefined;
  return { id, pubkey, created_at: created_at as number, kind: kind as number, tags, content, sig };
}

/**
 * The time from which on the event must be ignored (NIP-40).
 *
 * @returns unix seconds, or `undefined` if the event never expires or its tag is not a number
 */
export function expirationOf(event: NostrEvent): number | undefined {
  const value = event.tags.find((tag) => tag[0] === 'expiration')?.[1];
  return value !== undefined && /^\d{1,12}$/.test(value) ? Number(value) : undefined;
}
