import type { RelayAuthOptions } from './relay-auth.ts';

/** How a relay stand-in behaves; without any of it, as NIP-01 says. */
export interface RelayOptions {
  port?: number;
  /** Off, the relay lies: it passes on whatever is published, duplicates and forged copies included. */
  verify?: boolean;
  /** Sends stored events even to a subscription that asked for none, as some relays do. */
  sendStoredDespiteLimitZero?: boolean;
  /** Never sends EOSE. */
  silentEose?: boolean;
  /** A REQ that names one of these kinds is answered with CLOSED. */
  refuseKinds?: readonly number[];
  /** Gives no more stored events than this to a filter, whatever it asks for, and does not say so. */
  maxLimit?: number;
  /** Sends a page of stored events oldest first. Which events are in it is decided newest first all the same. */
  oldestFirst?: boolean;
  /** How it answers a page of stored events wrongly. */
  wrongPages?: WrongPages;
  /** What it answers to a request for its NIP-11 document; 404 without it. */
  information?: object;
  /** How it writes JSON, given the usual text: relays differ in which characters they escape. */
  spell?: (json: string) => string;
  /** Protects kinds (NIP-42). */
  auth?: RelayAuthOptions;
  /** Accepts no AUTH event, however genuine. */
  refuseAuth?: true;
}

/**
 * - `oldest`: of too many events a page has the oldest, and not the newest;
 * - `any`: any of them, and others each time;
 * - `eose first`: EOSE comes first, and the events at once after it;
 * - `eose between`: EOSE comes after half of the events;
 * - `eose alone`: EOSE, and nothing of what is stored;
 * - `until excluded`, `until ignored`: the filter's end is taken so.
 */
export type WrongPages =
  | 'oldest'
  | 'any'
  | 'eose first'
  | 'eose between'
  | 'eose alone'
  | 'until excluded'
  | 'until ignored';
