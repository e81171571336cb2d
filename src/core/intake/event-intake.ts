import type { NostrEvent } from '../nostr/nostr-event.ts';
import type { KeyLookup, Recipients } from '../nostr/recipients.ts';
import type { EventOrigin, Recovery } from '../waking/recovery.ts';
import type { RelayAccount } from './relay-account.ts';

/** An event as a relay claims it to be: scanned, not parsed, not verified, not believed. */
export interface EventFrame {
  readonly id: string;
  readonly kind: number;
  /** Unix seconds. */
  readonly createdAt: number;
  /** Made anew each time that it is asked for: the usual event needs only what follows. */
  readonly recipients: Recipients;
  /** `recipients.crowded`. */
  readonly isCrowded: boolean;
  /** Whether it is for anybody whose key is held, looked up where it stands: for a stranger's event nothing else is asked. */
  isFor(holds: KeyLookup): boolean;
  /** Parses the whole event; only paid for when it is for somebody here. */
  parse(): NostrEvent | undefined;
  /** Stands for the event's bytes as the relay wrote them: two candidates have the same one only if every byte is the same. */
  fingerprint(): string;
}

/**
 * What became of an event that a relay handed in.
 * - `rejected`: it wakes nobody, for a reason that is counted. None is the relay's fault: anybody can publish such an event.
 * - `unverified`: every key that it names has been charged with too many forgeries from this relay, so it was dropped unverified.
 */
export type Verdict = 'unmatched' | 'duplicate' | 'rejected' | 'unverified' | 'admitted';

/** Where relays hand in what they received. Returns at once and never throws: a relay cannot be allowed to disturb. */
export interface RelayIntake {
  admit(frame: EventFrame, origin: EventOrigin): Verdict | Promise<Verdict>;
  /** Begins to catch up on one relay; whoever begins it disposes of it. */
  beginRecovery(): Recovery;
  /** Whether anybody is registered: if not, there is nobody to catch up for. */
  hasRegistrations(): boolean;
}

/** Where relays hand in events: each relay through a door of its own, so that what its events cost is charged to it. */
export interface EventIntake {
  forRelay(account: RelayAccount): RelayIntake;
}
