import type { Delivery, Wake, WakeKind } from './lanes/delivery.ts';
import type { NostrEvent } from './nostr/nostr-event.ts';
import type { PushTarget } from './registry/push-target.ts';
import type { Recipients } from './nostr/recipients.ts';
import type { Recovery } from './waking/recovery.ts';
import type { RelayAccount } from './intake/relay-account.ts';
import type { Lifetime, Registration, RegistrationCounts } from './registry/registration.ts';
import type { Correction } from './watch/trusted-clock.ts';
import type { TradePubkey } from './registry/trade-pubkey.ts';

// READ FIRST: every seam between the core and the outside. `compose/compose.ts` shows who implements each.

/**
 * When an event reached us, relative to its subscription:
 * - `live`: after EOSE;
 * - `stored`: before EOSE of the first subscription, at a relay that was reached at the first try after the start: it may
 *   be older than any registration;
 * - a {@link Recovery}: it fell into a gap, which that recovery catches up on.
 */
export type EventOrigin = 'live' | 'stored' | Recovery;

/**
 * What became of an event that a relay handed in.
 * - `rejected`: it wakes nobody, for a reason that is counted. None is the relay's fault: anybody can publish such an event.
 * - `unverified`: every key that it names has been charged with too many forgeries from this relay, so it was dropped unverified.
 */
export type Verdict = 'unmatched' | 'duplicate' | 'rejected' | 'unverified' | 'admitted';

/** Whether a key may be registered that stands at a place of a text, as 64 hex digits of any case. */
export type KeyLookup = (text: Uint8Array, from: number) => boolean;

/** An event as a relay claims it to be: scanned, not parsed, not verified, not believed. */
export interface EventCandidate {
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

/** Where relays hand in what they received. Returns at once and never throws: a relay cannot be allowed to disturb. */
export interface EventSink {
  offer(candidate: EventCandidate, origin: EventOrigin): Verdict | Promise<Verdict>;
  /** Begins to catch up on one relay; whoever begins it disposes of it. */
  beginRecovery(): Recovery;
  /** Whether anybody is registered: if not, there is nobody to catch up for. */
  hasRecipients(): boolean;
}

/** Where relays hand in events: each relay through a door of its own, so that what its events cost is charged to it. */
export interface EventIntake {
  of(account: RelayAccount): EventSink;
}

/**
 * - `genuine`: the event has its id and its author's signature;
 * - `forged`: it has not;
 * - `undecided`: the library failed, so that nothing is known. It is nobody's fault outside, and the event may be tried again.
 */
export type Authenticity = 'genuine' | 'forged' | 'undecided';

/** Recomputes an event's id (NIP-01) and checks its signature (BIP-340). Never throws. */
export interface EventVerifier {
  verify(event: NostrEvent): Authenticity;
}

/** Signs with the server's own key (NIP-42). */
export interface EventSigner {
  sign(template: Pick<NostrEvent, 'kind' | 'created_at' | 'tags' | 'content'>): NostrEvent;
}

/**
 * The ids of events that were verified and dealt with. Only verified ids are ever reserved, so no relay can
 * suppress an event by sending a forged copy first.
 */
export interface SeenEvents {
  /** Synchronous and cheap, for the path of a frame: whether the id is reserved or committed, as far as is known here. */
  knows(id: string): boolean;
  /** `new`: the caller now holds it and must `commit` or `release`; `pending`: somebody else does; `seen`: it is done. */
  reserve(id: string): Promise<'new' | 'pending' | 'seen'>;
  /** The event was dealt with; no copy of it wakes anyone again. */
  commit(id: string): Promise<void>;
  /** The event could not be dealt with; a further copy may try again. */
  release(id: string): Promise<void>;
}

/** The ids of events that signed an HTTP request (contract 1.3): each authorises one, and is kept for as long as it could. */
export interface UsedEvents {
  has(id: string): boolean;
  /** Keeps the id of a verified event that is not held. @returns whether there was room; if not, it must not be accepted */
  add(id: string): boolean;
}

/**
 * - `displaced`: kept, and another registration gave way (contract 1.1);
 * - `full`: there was no room and nothing changed;
 * - `crowded`: the endpoint has as many sets of Web Push keys as one may have, this is a further one, and nothing changed;
 * - `owned`: the key is owned and the new registration is not signed, so nothing changed (contract 1.3). Only where a new
 *   key would have been taken; where it would not, the answer is that of a new key, and neither comes sooner than `stored` would:
 *   nobody is told which keys are owned.
 */
export type PutResult = 'stored' | 'displaced' | 'full' | 'crowded' | 'owned';

/** A registration that is asked for, before it is known what device it is for. */
export interface AdmissionRequest {
  readonly signed: boolean;
  /** {@link Registration.network} */
  readonly network?: number | undefined;
  /** In milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Where registrations are kept. A device is one, however many keys point at it (`isSameDevice`). Web Push keys belong to the
 * registration that brought them (contract 1.1), and are read with whether another one has brought other keys for the same
 * endpoint. Every implementation passes the contracts of `test/contracts/registration-store.test.ts`.
 */
export interface RegistrationStore {
  /** Synchronous, for the path of a frame. May say yes for a key that is not held; never no for one that is. */
  mayHold(tradePubkey: TradePubkey): boolean;
  /** The same for a key that stands in a text, from a place on, as 64 hex digits of any case; what stands there may be no key. */
  mayHoldAt(text: Uint8Array, from: number): boolean;
  /** Whether a new key would find no room, or only in another's place. */
  isFull(): boolean;
  /**
   * Synchronous and cheap, before a token is opened: whether {@link put} would find room for the key at `now` (milliseconds), the
   * sets of keys of its endpoint aside.
   */
  admits(tradePubkey: TradePubkey, request: AdmissionRequest): boolean;
  find(tradePubkey: TradePubkey): Promise<Registration | undefined>;
  /** Keeps the registration in place of the key's former one, unless that is owned at `registration.registeredAt`. @throws StoreUnavailable, and then nothing has changed */
  put(registration: Registration): Promise<PutResult>;
  /** Starts the key's time to live again and marks it woken, in one step, if it still points at this device. */
  renew(tradePubkey: TradePubkey, target: PushTarget, lifetime: Lifetime, now: number): Promise<void>;
  /**
   * Removes the key's registration, unless that is owned at `now` (milliseconds) and the request is not signed.
   *
   * @returns whether it was there, not expired, and has been removed. No sooner or later where it is owned than where it is unknown
   * @throws StoreUnavailable, and then nothing has changed
   */
  remove(tradePubkey: TradePubkey, request: { signed: boolean; now: number }): Promise<boolean>;
  /** Removes every registration that points at this device. @returns how many there were */
  forget(target: PushTarget): Promise<number>;
  /** Removes what had expired by `now` (milliseconds). @returns how many there were */
  sweep(now: number): Promise<number>;
  /** Moves the times of all registrations that were made by a wrong clock, which has been set right. @returns how many there were */
  correct(correction: Correction): Promise<number>;
  counts(): RegistrationCounts;
}

/** A device that is owed a wake, and for which keys. */
export interface OwedWake {
  readonly target: PushTarget;
  readonly kind: WakeKind;
  readonly keys: readonly TradePubkey[];
}

/** Remembers, over a restart, which devices are owed a wake: the events that it answers are committed, so no relay is asked for them again. */
export interface OwedDevices {
  owe(wake: OwedWake): void;
  /** The device is owed nothing any more. */
  settle(target: PushTarget): void;
  /** What the device is owed, if anything. */
  find(target: PushTarget): OwedWake | undefined;
}

/** Remembers, over a restart, until when each relay's events of a kind had come without a gap. Times are milliseconds. */
export interface ProofsOfLife {
  /** @returns `undefined` where nobody has listened to this kind of this relay */
  of(relay: string, kind: number): number | undefined;
  /** When any relay was last listened to. */
  latest(): number | undefined;
  note(relay: string, kind: number, at: number): void;
}

/** One push service. A provider never throws for what a push service does: it answers with a {@link Delivery}. */
export interface PushProvider<Target extends PushTarget = PushTarget> extends AsyncDisposable {
  readonly name: Target['type'];
  send(target: Target, wake: Wake, signal: AbortSignal): Promise<Delivery>;
}
