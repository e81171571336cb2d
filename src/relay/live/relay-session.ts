import { randomBytes } from 'node:crypto';

import type { CounterLabels } from '../../core/telemetry/counters.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { scanEventFrame, type SubscriptionFrame } from '../wire/event-frame.ts';
import { KnownTexts } from '../wire/known-texts.ts';
import { CloseNotices } from './close-notices.ts';
import { ClosedSubscriptions, type LateListener } from './closed-subscriptions.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import {
  readRelayMessage,
  type EoseHint,
  type ReasonPrefix,
  type RelayMessage,
} from '../wire/relay-message.ts';
import { Negotiations } from '../reconcile/negotiations.ts';
import { SharedRequest } from './shared-request.ts';
import type { Filter, SubscriptionListener } from './subscription.ts';
import { sharedRequest, type Arrangement, type SubscriptionUse } from './subscription-places.ts';

/** Long enough that no two ids are the same. Every relay takes ids of 64 characters (NIP-01). */
const SUBSCRIPTION_ID_CHARACTERS = 16;
/** A relay closes a subscription while a page is asked for. If it does so for so many pages, pages push subscriptions out. */
const PUSHES_THAT_TELL = 2;
/** The beginning of an EVENT or NEG-MSG message, up to the subscription. */
const EVENT_HEAD = /^\s*\[\s*"(?:EVENT|NEG-MSG)"\s*,\s*"([^"]*)"/;

type ClosedMessage = Extract<RelayMessage, { readonly type: 'CLOSED' }>;

export interface RelaySessionOptions {
  readonly relay: string;
  readonly conduct: RelayConduct;
  readonly authentication: RelayAuthentication;
  readonly telemetry: Telemetry;
  readonly send: (message: readonly unknown[]) => void;
  readonly onNotice: () => void;
  /** The relay's `max_subid_length` (NIP-11). */
  readonly maxSubscriptionId: number | undefined;
  /** How the subscriptions share the places that the relay allows. */
  readonly arrangement: Arrangement;
  /** The relay has refused a subscription because there are too many. @param places how many it seems to allow */
  readonly onTooMany: (places: number) => void;
}

/** The messages of one connection (NIP-01, NIP-42): sends REQ and CLOSE, and gives each message to the subscription that it is for. */
export class RelaySession {
  readonly #options: RelaySessionOptions;
  /** The subscriptions that the relay has, by their ids. */
  readonly #subscriptions = new Map<string, SubscriptionListener>();
  /** The REQs that several subscriptions share, by their names. */
  readonly #shared = new Map<string, SharedRequest>();
  /** The subscriptions whose last REQ has had no answer yet. */
  readonly #unanswered = new Set<string>();
  /** The subscription whose EOSE came last. */
  #answered: string | undefined;
  /** The page that has a place of its own at this moment. */
  #page: string | undefined;
  /** The pages during which the relay has closed another subscription. */
  readonly #pushing = new Set<string>();
  readonly #closed = new ClosedSubscriptions();
  readonly #closeNotices = new CloseNotices();
  /** The subscription ids that the relay has named. */
  readonly #knownIds = new KnownTexts();
  /** The negotiations about stored events (NIP-77). */
  readonly negotiations: Negotiations;
  /** Whether the relay has sent an EOSE on this connection. */
  sendsEose = false;
  /** Whether this relay sends EOSE after the stored events, as it must; `undefined` until a page shows it. */
  isEoseLast: boolean | undefined;
  /** Whether an event of a page has come after the page's EOSE, on this connection. */
  hasLateEvents = false;

  constructor(options: RelaySessionOptions) {
    this.#options = options;
    this.negotiations = new Negotiations(options.send, () => this.#newId());
  }

  /** Whether pages have no place of their own. Then a live event may come as an event of a page. */
  get sharesPages(): boolean {
    return this.#options.arrangement === 'together';
  }

  /** @returns the id of the new subscription */
  subscribe(filter: Filter, listener: SubscriptionListener, use: SubscriptionUse): string {
    const id = this.#newId();
    const name = sharedRequest(this.#options.arrangement, use, filter.kinds);
    if (name === undefined) {
      this.#subscriptions.set(id, listener);
      if (use === 'page') this.#page = id;
      this.#sendRequest(id, [filter]);
    } else this.#sharedRequest(name).join(id, filter, listener);
    return id;
  }

  #newId(): string {
    const length = Math.min(SUBSCRIPTION_ID_CHARACTERS, this.#options.maxSubscriptionId ?? Infinity);
    let id: string;
    do id = randomBytes(SUBSCRIPTION_ID_CHARACTERS).toString('hex').slice(0, length);
    while (this.#subscriptions.has(id));
    return id;
  }

  #sendRequest(id: string, filters: readonly Filter[]): void {
    this.#unanswered.add(id);
    this.#options.send(['REQ', id, ...filters]);
  }

  #sharedRequest(name: string): SharedRequest {
    const known = this.#shared.get(name);
    if (known !== undefined) return known;
    const id = this.#newId();
    const shared: SharedRequest = new SharedRequest({
      ask: (filters) => {
        this.#subscriptions.set(id, shared);
        this.#sendRequest(id, filters);
      },
      close: () => this.unsubscribe(id),
    });
    this.#shared.set(name, shared);
    return shared;
  }

  /** @param onLate gets the events that still come for the subscription */
  unsubscribe(id: string, onLate?: LateListener): void {
    for (const shared of this.#shared.values()) if (shared.leave(id)) return;
    if (!this.#subscriptions.has(id)) return;
    this.#forget(id, onLate);
    this.#options.send(['CLOSE', id]);
    this.#closeNotices.onClose();
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
    this.negotiations.onTooLong(subscription);
  }

  /** @returns whether the message was expected */
  #dispatch(message: RelayMessage): boolean {
    const { authentication } = this.#options;
    switch (message.type) {
      case 'EVENT':
        return this.#onEvent(message.frame);
      case 'EOSE':
        return this.#onEose(message.subscription, message.hint);
      case 'CLOSED':
        if (this.#saysTooMany(message)) this.#onTooMany();
        return this.#onClosed(message.subscription, message.reason);
      case 'AUTH':
        return authentication.onChallenge(message.challenge);
      case 'OK':
        return authentication.onOk(message.id, message.accepted);
      case 'NOTICE':
        this.#onNotice(message.isTooMany === true);
        return true;
      case 'NEG-MSG':
      case 'NEG-ERR':
        return this.negotiations.receive(message);
    }
  }

  /** The answer to a CLOSE is not chatter. It says nothing, if the relay has the habit. */
  #onNotice(isTooMany: boolean): void {
    const { conduct, onNotice, relay, telemetry } = this.#options;
    const isHabit = this.#closeNotices.areHabit;
    const isAnswer = (isHabit || !this.negotiations.isUnanswered) && this.#closeNotices.onNotice();
    // A relay that does not know NIP-77 says so in this way.
    if (!isAnswer && this.negotiations.onNotice()) return telemetry.log('relay.notice', { relay });
    if (!isAnswer) conduct.note('chatter');
    if (isTooMany && this.#mayBeTooMany()) this.#onTooMany();
    if (isAnswer && this.#closeNotices.areHabit && !isTooMany) return;
    telemetry.log('relay.notice', { relay });
    onNotice();
  }

  /**
   * Whether a notice of too many subscriptions may be about one that is still there. strfry sends the stored events and EOSE, and only
   * then the notice: nothing comes live. For a page, which is closed by then, that does not matter.
   */
  #mayBeTooMany(): boolean {
    return this.#unanswered.size > 0 || this.#subscriptions.has(this.#answered ?? '');
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const listener = this.#subscriptions.get(frame.subscription);
    return listener === undefined ? this.#closed.onEvent(frame) : listener.onEvent(frame);
  }

  #onEose(id: string, hint: EoseHint | undefined): boolean {
    const listener = this.#subscriptions.get(id);
    if (listener === undefined) return this.#closed.onEnd(id);
    this.sendsEose = true;
    this.#unanswered.delete(id);
    this.#answered = id;
    return listener.onEose(hint);
  }

  #onClosed(id: string, reason: ReasonPrefix): boolean {
    const listener = this.#subscriptions.get(id);
    if (listener === undefined) return this.negotiations.onClosed(id) || this.#closed.onEnd(id);
    this.#forget(id);
    listener.onClosed(reason);
    return true;
  }

  #saysTooMany({ isTooMany, reason, subscription }: ClosedMessage): boolean {
    if (!this.#subscriptions.has(subscription)) return false;
    const page = this.#page;
    const isPushed =
      page !== undefined && page !== subscription && (reason === 'error' || reason === 'other');
    if (isPushed) this.#pushing.add(page);
    return isTooMany === true || this.#pushing.size >= PUSHES_THAT_TELL;
  }

  /** One of the subscriptions that are asked for is too many. */
  #onTooMany(): void {
    this.#options.onTooMany(Math.max(1, this.#subscriptions.size - 1));
  }

  #forget(id: string, onLate?: LateListener): void {
    this.#subscriptions.delete(id);
    this.#unanswered.delete(id);
    if (this.#page === id) this.#page = undefined;
    this.#closed.add(id, onLate);
  }

  #reject(reason: CounterLabels<'relay_frames_rejected'>['reason']): void {
    const { conduct, relay, telemetry } = this.#options;
    telemetry.count('relay_frames_rejected', { reason });
    telemetry.log('relay.frame_rejected', { relay, reason });
    conduct.note('rubbish');
  }
}
