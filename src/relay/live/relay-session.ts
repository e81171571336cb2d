import { randomBytes } from 'node:crypto';

import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { scanEventFrame, type SubscriptionFrame } from '../wire/event-frame.ts';
import { KnownTexts } from '../wire/known-texts.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import { readRelayMessage, type ReasonPrefix, type RelayMessage } from '../wire/relay-message.ts';

/** Long enough that no two ids are the same. Every relay takes ids of 64 characters (NIP-01). */
const SUBSCRIPTION_ID_CHARACTERS = 16;
/** How many closed subscriptions are remembered, because a relay may have sent messages for one before it saw our CLOSE. */
const CLOSED_REMEMBERED = 32;
/** For a closed subscription, one EOSE and one CLOSED may still come. */
const ENDS_UNDER_WAY = 2;
/** The beginning of an EVENT message, up to the subscription. */
const EVENT_HEAD = /^\s*\[\s*"EVENT"\s*,\s*"([^"]*)"/;

/** The members of a NIP-01 filter that this server uses. */
export interface Filter {
  readonly kinds: readonly number[];
  readonly authors?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/** Gets what a relay sends for one subscription. */
export interface SubscriptionListener {
  /** @returns whether the event was asked for; one that was not is rubbish */
  onEvent(frame: SubscriptionFrame): boolean;
  /** @returns whether an EOSE was still to come */
  onEose(): boolean;
  onClosed(reason: ReasonPrefix): void;
  /** An event was left out because it was too long. */
  onTooLong?(): void;
}

type LateListener = (frame: SubscriptionFrame) => void;

/** What is remembered of a closed subscription. */
interface ClosedSubscription {
  /** How many more EOSE or CLOSED may come for it. */
  endsLeft: number;
  /** Gets the events that still come for it. */
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

/** The messages of one connection (NIP-01, NIP-42): sends REQ and CLOSE, and gives each message to the subscription that it is for. */
export class RelaySession {
  readonly #options: RelaySessionOptions;
  readonly #subscriptions = new Map<string, SubscriptionListener>();
  /** The subscriptions that were closed last, the oldest first. */
  readonly #closed = new Map<string, ClosedSubscription>();
  /** The subscription ids that the relay has named. */
  readonly #knownIds = new KnownTexts();
  /** Whether the relay has sent an EOSE on this connection. */
  sendsEose = false;
  /** Whether this relay sends EOSE after the stored events, as it must; `undefined` until a page shows it. */
  isEoseLast: boolean | undefined;
  /** Whether an event of a page has come after the page's EOSE, on this connection. */
  hasLateEvents = false;

  constructor(options: RelaySessionOptions) {
    this.#options = options;
  }

  /** @returns the id of the new subscription */
  subscribe(filter: Filter, listener: SubscriptionListener): string {
    const length = Math.min(SUBSCRIPTION_ID_CHARACTERS, this.#options.maxSubscriptionId ?? Infinity);
    let id: string;
    do id = randomBytes(SUBSCRIPTION_ID_CHARACTERS).toString('hex').slice(0, length);
    while (this.#subscriptions.has(id));
    this.#subscriptions.set(id, listener);
    this.#options.send(['REQ', id, filter]);
    return id;
  }

  /** @param onLate gets the events that still come for the subscription */
  unsubscribe(id: string, onLate?: LateListener): void {
    if (!this.#subscriptions.has(id)) return;
    this.#forget(id, onLate);
    this.#options.send(['CLOSE', id]);
  }

  /** Takes one message of the relay. */
  receive(bytes: Buffer, isBinary: boolean): void {
    const { telemetry } = this.#options;
    telemetry.count('relay_frames');
    telemetry.count('relay_received_bytes', {}, bytes.length);
    if (isBinary) return this.#reject('binary');
    // Nearly every message is an EVENT of the usual form, which one scan reads.
    const frame = scanEventFrame(bytes, this.#knownIds);
    if (frame === undefined) return this.#receiveOther(bytes);
    if (!this.#onEvent(frame)) this.#reject('not_asked_for');
  }

  #receiveOther(bytes: Buffer): void {
    const message = readRelayMessage(bytes);
    if (typeof message === 'string') return this.#reject(message);
    if (!this.#dispatch(message)) this.#reject('not_asked_for');
  }

  /**
   * A message was left out because it was too long. It is not rubbish: anybody can have published such an event.
   *
   * @param head the first bytes of the message
   */
  onTooLong(head: Buffer): void {
    const { relay, telemetry } = this.#options;
    telemetry.count('relay_frames_rejected', { reason: 'too_long' });
    telemetry.log('relay.frame_rejected', { relay, reason: 'too_long' });
    const [, subscription = ''] = EVENT_HEAD.exec(head.toString('latin1')) ?? [];
    this.#subscriptions.get(subscription)?.onTooLong?.();
  }

  /** @returns whether the message was expected */
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

  /** Whether an EOSE or CLOSED may still come for this closed subscription. */
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
