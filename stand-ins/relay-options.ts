import type { RelayAuthOptions } from './relay-auth.ts';

/** How a relay stand-in behaves. Without options it behaves as NIP-01 says. */
export interface RelayOptions {
  port?: number;
  /** True by default. If false, the relay passes on everything that is published, with duplicates and forged copies. */
  verify?: boolean;
  /** Sends stored events even to a subscription that asked for none, as some relays do. */
  sendStoredDespiteLimitZero?: boolean;
  /** How many subscriptions a client may have, and what becomes of one that is too many. */
  maxSubscriptions?: { readonly count: number; readonly beyond: BeyondMaximum };
  /** What becomes of a REQ whose filters all have `limit: 0`. By default it is answered with EOSE, as NIP-01 has it. */
  limitZero?: LimitZero;
  /** Answers every CLOSE with a NOTICE. */
  noticeOnClose?: boolean;
  /** Never sends EOSE. */
  silentEose?: boolean;
  /** A REQ that names one of these kinds is answered with CLOSED. */
  refuseKinds?: readonly number[];
  /** The message of that CLOSED. By default the relay says that it does not serve the kind to third parties. */
  refusal?: string;
  /** The most stored events that it sends for a filter, whatever `limit` the filter has. The client is not told. */
  maxLimit?: number;
  /** Of the events that are published, the relay drops every so many-th one live, without a word, as a relay does whose buffer for a reader is full. It stores all of them. */
  dropEvery?: number;
  /** Sends a page of stored events oldest first. The page still has the newest events. */
  oldestFirst?: boolean;
  /** In which way its pages of stored events are wrong. */
  wrongPages?: WrongPages;
  /** Answers reconciliations (NIP-77), in this way. Its NIP-11 document has to say so. */
  negentropy?: NegentropyOptions;
  /** The hint in its EOSE (NIP-67), for the events that it sends and all that match: absent, as NIP-01 has it. */
  eoseHint?: (sent: number, matching: number) => unknown;
  /** Its NIP-11 document. Without one, it answers 404. */
  information?: object;
  /** Turns JSON text into the text that this relay sends. Relays differ in which characters they escape. */
  spell?: (json: string) => string;
  /** Protects kinds (NIP-42). */
  auth?: RelayAuthOptions;
  /** Accepts no AUTH event, even a genuine one. */
  refuseAuth?: true;
}

/** How a relay answers reconciliations (NIP-77). */
export interface NegentropyOptions {
  /** It refuses to compare more events than this. */
  readonly mostEvents?: number;
  /** It compares the newest events only, so many, and does not say so. */
  readonly newest?: number;
  /** An answer ends at about this size, in bytes. */
  readonly frameBytes?: number;
  /** What it answers instead of what it should: frames, none for silence. */
  readonly instead?: (subscription: string, message: string) => readonly (readonly unknown[])[] | undefined;
}

/**
 * - `closed`, `notice`: the new subscription is refused in this way;
 * - `push out`, `push out closed`: the oldest subscription makes room, without a word or with CLOSED.
 */
export type BeyondMaximum = 'closed' | 'notice' | 'push out' | 'push out closed';

/** `no eose`: it gets live events and no EOSE (nostr-rs-relay); `closed`, `notice`: it is refused in this way. */
export type LimitZero = 'no eose' | 'closed' | 'notice';

/**
 * - `oldest`: if there are too many events for a page, the page has the oldest ones, not the newest;
 * - `any`: if there are too many events for a page, the page has any of them, and different ones each time;
 * - `eose first`: EOSE comes first, and the events directly after it;
 * - `eose between`: EOSE comes after half of the events;
 * - `eose alone`: EOSE comes without any stored event;
 * - `until excluded`, `until ignored`: the filter's `until` is taken in this way.
 */
export type WrongPages =
  | 'oldest'
  | 'any'
  | 'eose first'
  | 'eose between'
  | 'eose alone'
  | 'until excluded'
  | 'until ignored';
