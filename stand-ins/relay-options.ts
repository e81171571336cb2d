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
  /** What it answers to a request for its NIP-11 document; 404 without it. */
  information?: object;
  /** How it writes JSON, given the usual text: relays differ in which characters they escape. */
  spell?: (json: string) => string;
  /** Protects kinds (NIP-42). */
  auth?: RelayAuthOptions;
  /** Accepts no AUTH event, however genuine. */
  refuseAuth?: true;
}
