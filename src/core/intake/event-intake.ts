import type { NostrEvent } from '../nostr/nostr-event.ts';
import type { KeyLookup, Recipients } from '../nostr/recipients.ts';
import type { RecoveryOptions } from '../waking/recovery.ts';
import type { RelayAccount } from './relay-account.ts';

/** An event as a relay sent it: its bytes have been scanned. It has not been parsed or verified, so nothing in it can be trusted. */
export interface EventFrame {
  readonly id: string;
  readonly kind: number;
  /** Unix seconds. */
  readonly createdAt: number;
  /** The keys in its `p` tags. Every read makes a new object; `isFor` and `isCrowded` are cheaper. */
  readonly recipients: Recipients;
  /** The bytes of the message that it came in. */
  readonly size: number;
  /** `recipients.crowded`. */
  readonly isCrowded: boolean;
  /** Whether one of the recipients may be registered. The keys are looked up in the frame's bytes, without a copy. */
  isFor(mayBeRegistered: KeyLookup): boolean;
  /** Parses the whole event. @returns `undefined` if it is not an event (NIP-01) */
  parse(): NostrEvent | undefined;
  /** A text that two frames share only if every byte of their events is the same. */
  fingerprint(): string;
}

/**
 * What became of a frame.
 * - `unmatched`: no recipient of the event is registered here.
 * - `duplicate`: the event is known already.
 * - `rejected`: the event wakes no device, for a reason that is counted. The relay is not at fault, since anyone can publish the event.
 * - `unverified`: the event was dropped without a verification, because each of its keys was charged with too many forgeries from this relay.
 * - `admitted`: the event wakes its devices, or a wake that is coming is enough for it.
 */
export type Verdict = 'unmatched' | 'duplicate' | 'rejected' | 'unverified' | 'admitted';

/** Where relays hand in events. Each relay has an intake of its own, so that it pays for what its events cost. */
export interface EventIntake {
  forRelay(account: RelayAccount): RelayIntake;
}

/** Where one relay hands in events. Nothing here throws. */
export interface RelayIntake {
  /**
   * @param origin
   * - `live`: the event came after the EOSE of its subscription.
   * - `stored`: it came before the EOSE of the relay's first subscription, so it may be older than any registration.
   */
  admit(frame: EventFrame, origin: 'live' | 'stored'): Verdict | Promise<Verdict>;
  /**
   * Begins a recovery from this relay. The caller must end it.
   */
  beginRecovery(options?: RecoveryOptions): RecoveryIntake;
  /** Whether there is any registration. Without one, no event can be missed. */
  hasRegistrations(): boolean;
}

/** Where the events of one recovery go. A recovery gives each device at most one wake (contract 2). */
export interface RecoveryIntake {
  admit(frame: EventFrame): Verdict | Promise<Verdict>;
  /** Resolves when the recovery and all of its wakes have ended. After an earlier restart the same gap has to be recovered again. */
  readonly wakesEnded: Promise<void>;
  /**
   * Ends the recovery.
   *
   * @param isSound whether the live subscription was up during the whole recovery. If not, an absorbed event may have been published
   *   after its device's wake and missed live. Absorbed ids are then not marked as seen, so that the events can wake again.
   */
  end(isSound: boolean): void;
}
