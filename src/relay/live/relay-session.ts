import { randomBytes } from 'node:crypto';

import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import { KnownTexts } from '../wire/known-texts.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import { readRelayMessage, type ReasonPrefix, type RelayMessage } from '../wire/relay-message.ts';

/** Enough that a relay finds no two alike; every relay takes 64 (NIP-01). */
const SUBSCRIPTION_ID_CHARACTERS = 16;
/** What was under way when a subscription was closed is no rubbish: its events, and one each of EOSE and CLOSED. */
const CLOSED_REMEMBERED = 32;
const ENDS_UNDER_WAY = 2;
/** What an EVENT frame begins with, up to the subscription. */
const EVENT_HEAD = /^\s*\[\s*"EVENT"\s*,\s*"([^"]*)"/;

/** A NIP-01 filter, as far as this server asks. */
export interface Filter {
  readonly kinds: readonly number[];
  readonly authors?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/** What happens on one subscription. */
export interface SubscriptionListener {
  /** @returns whether the event is one that was asked for */
  onEvent(frame: SubscriptionFrame): boolean;
  /** @returns whether it still was to come */
  onEose(): boolean;
  onClosed(reason: ReasonPrefix): void;
  /** An event has been left out because it was too long. */
  onTooLong?(): void;
}

type LateListener = (frame: SubscriptionFrame) => void;

/** What is still known of a subscription that was closed. */
interface ClosedSubscription {
  /** How many more ends of it may have been under way. */
  endsLeft: number;
  /** Where its events go that come all the same. */
  readonly onLate?: LateListener;
}

export interface RelaySessionOptions {
  readonly relay: string;
  readonly conduct: RelayConduct;
  readonly authentication: RelayAuthentication;
  readonly telemetry: Telemetry;
  readonly send: (message: readonly unknown[]) => void;
  readonly onNotice: () => void;
  /** The relay's `max_subid_length` (NIP-11). */
  readonly maxSubscriptionId: number | undefined;
}

/** One connection's conversation (NIP-01, NIP-42): which subscriptions there are, and which frame is whose. */
export class RelaySession {
  readonly #options: RelaySessionOptions;
  readonly #subscriptions = new Map<string, SubscriptionListener>();
  /** The subscriptions that were closed last. */
  readonly #closed = new Map<string, ClosedSubscription>();
  readonly #spokenOf = new KnownTexts();
  /** Whether the relay has ever said where stored events end, on this connection. */
  sendsEose = false;
  /** Whether EOSE comes after the stored events, as it must, on this connection; `undefined` until something shows it. */
  isEoseLast: boolean | undefined;
  /** Whether an event has come for a page after its end, on this connection. */
  hasLateEvents = false;

  constructor(options: RelaySessionOptions) {
    this.#options = options;
  }

  /** @returns the id of the subscription, which is new on every call */
  subscribe(filter: Filter, listener: SubscriptionListener): string {
    const length = Math.min(SUBSCRIPTION_ID_CHARACTERS, this.#options.maxSubscriptionId ?? Infinity);
    let id: string;
    do id = randomBytes(SUBSCRIPTION_ID_CHARACTERS).toString('hex').slice(0, length);
    while (this.#subscriptions.has(id));
    this.#subscriptions.set(id, listener);
    this.#options.send(['REQ', id, filter]);
    return id;
  }

  /** @param onLate told of events that come for it all the same, for some time */
  unsubscribe(id: string, onLate?: LateListener): void {
    if (!this.#subscriptions.has(id)) return;
    this.#forget(id, onLate);
    this.#options.send(['CLOSE', id]);
  }

  receive(bytes: Buffer, isBinary: boolean): void {
    this.#options.telemetry.count('relay_frames');
    this.#options.telemetry.count('relay_received_bytes', {}, bytes.length);
    const message = isBinary ? 'binary' : readRelayMessage(bytes, this.#spokenOf);
    if (typeof message === 'string') return this.#reject(message);
    if (!this.#dispatch(message)) this.#reject('not_asked_for');
  }

  /**
   * A frame has been left out because it was too long. Anybody can have published such an event, so it is no rubbish.
   *
   * @param head its first bytes, or fewer
   */
  onTooLong(head: Buffer): void {
    const { relay, telemetry } = this.#options;
    telemetry.count('relay_frames_rejected', { reason: 'too_long' });
    telemetry.log('relay.frame_rejected', { relay, reason: 'too_long' });
    const [, subscription = ''] = EVENT_HEAD.exec(head.toString('latin1')) ?? [];
    this.#subscriptions.get(subscription)?.onTooLong?.();
  }

  /** @returns whether the message makes sense here */
  #dispatch(message: RelayMessage): boolean {
    const { authentication, conduct, onNotice, relay, telemetry } = this.#options;
    switch (message.type) {
      case 'EVENT':
        return this.#onEvent(message.frame);
      case 'EOSE':
        return this.#onEose(message.subscription);
      case 'CLOSED':
        return this.#onClosed(message.subscription, message.reason);
      case 'AUTH':
        return authentication.onChallenge(message.challenge);
      case 'OK':
        return authentication.onOk(message.id, message.accepted);
      case 'NOTICE':
        conduct.note('chatter');
        telemetry.log('relay.notice', { relay });
        onNotice();
        return true;
    }
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const listener = this.#subscriptions.get(frame.subscription);
    if (listener !== undefined) return listener.onEvent(frame);
    const closed = this.#closed.get(frame.subscription);
    closed?.onLate?.(frame);
    return closed !== undefined;
  }

  #onEose(id: string): boolean {
    const listener = this.#subscriptions.get(id);
    if (listener === undefined) return this.#mayEnd(id);
    this.sendsEose = true;
    return listener.onEose();
  }

  #onClosed(id: string, reason: ReasonPrefix): boolean {
    const listener = this.#subscriptions.get(id);
    if (listener === undefined) return this.#mayEnd(id);
    this.#forget(id);
    listener.onClosed(reason);
    return true;
  }

  #forget(id: string, onLate?: LateListener): void {
    this.#subscriptions.delete(id);
    this.#closed.set(id, { endsLeft: ENDS_UNDER_WAY, ...(onLate && { onLate }) });
    if (this.#closed.size <= CLOSED_REMEMBERED) return;
    const [oldest] = this.#closed.keys();
    if (oldest !== undefined) this.#closed.delete(oldest);
  }

  /** Whether EOSE or CLOSED may come for a subscription that was closed. */
  #mayEnd(id: string): boolean {
    const closed = this.#closed.get(id);
    if (closed === undefined || closed.endsLeft === 0) return false;
    closed.endsLeft--;
    return true;
  }

  #reject(reason: string): void {
    const { conduct, relay, telemetry } = this.#options;
    telemetry.count('relay_frames_rejected', { reason });
    telemetry.log('relay.frame_rejected', { relay, reason });
    conduct.note('rubbish');
  }
}
