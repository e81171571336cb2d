import { randomBytes } from 'node:crypto';

import { Backoff } from '../core/backoff.ts';
import type { EventSink } from '../core/ports.ts';
import type { Telemetry } from '../core/telemetry.ts';
import { readRelayMessage, type ReasonPrefix } from './relay-message.ts';
import type { EventFrame } from './event-frame.ts';
import type { RelayTiming } from './relay-timing.ts';

export interface RelaySessionParts {
  readonly relay: string;
  readonly kinds: readonly number[];
  /** Says, once for each subscription that begins, where what the relay has stored by then comes from. */
  readonly storedOrigin: (kind: number) => 'stored' | 'recovered';
  readonly sink: EventSink;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  readonly send: (message: string) => void;
  /** The relay has kept a promise (EOSE, or an event we asked for). */
  readonly onProof: () => void;
}

interface Subscription {
  readonly kind: number;
  readonly backoff: Backoff;
  readonly storedOrigin: 'stored' | 'recovered';
  state: 'pending' | 'live' | 'closed';
  /** Until EOSE the timer that stops waiting for it, after CLOSED the one that asks again. */
  timer: NodeJS.Timeout | undefined;
}

/** One connection's conversation (NIP-01): one subscription per kind, so that a relay that refuses one kind shows it. */
export class RelaySession {
  readonly #parts: RelaySessionParts;
  readonly #subscriptions = new Map<string, Subscription>();

  constructor(parts: RelaySessionParts) {
    this.#parts = parts;
  }

  /** The kinds whose subscription is live. */
  get liveKinds(): number[] {
    return [...this.#subscriptions.values()].filter(({ state }) => state === 'live').map(({ kind }) => kind);
  }

  open(): void {
    const { timing } = this.#parts;
    for (const kind of this.#parts.kinds) this.#subscribe(kind, new Backoff(timing.resubscribe));
  }

  close(): void {
    for (const { timer } of this.#subscriptions.values()) clearTimeout(timer);
    this.#subscriptions.clear();
  }

  receive(bytes: Buffer, isBinary: boolean): void {
    const { telemetry } = this.#parts;
    telemetry.count('relay_frames');
    if (isBinary) return this.#rejectFrame('binary');
    const message = readRelayMessage(bytes);
    if (typeof message === 'string') return this.#rejectFrame(message);
    switch (message.type) {
      case 'EVENT':
        return this.#onEvent(message.frame);
      case 'EOSE':
        return this.#onEose(message.subscription);
      case 'CLOSED':
        return this.#onClosed(message.subscription, message.reason);
      case 'NOTICE':
        return telemetry.log('relay.notice', { relay: this.#parts.relay });
      case 'OK':
      case 'AUTH':
    }
  }

  /**
   * No author filter: the outer key of a gift wrap is random. No `since`: relays apply it to live events too, and a
   * gift wrap is back-dated by up to two days (NIP-59). `limit: 0` asks for nothing that is stored.
   */
  #subscribe(kind: number, backoff: Backoff): void {
    const id = `wake-${kind}-${randomBytes(6).toString('hex')}`;
    const timer = setTimeout(() => this.#onEoseMissing(id), this.#parts.timing.eoseTimeoutMs);
    const storedOrigin = this.#parts.storedOrigin(kind);
    this.#subscriptions.set(id, { kind, backoff, storedOrigin, state: 'pending', timer });
    this.#parts.send(JSON.stringify(['REQ', id, { kinds: [kind], limit: 0 }]));
  }

  #onEvent(frame: EventFrame): void {
    const subscription = this.#subscriptions.get(frame.subscription);
    if (subscription?.kind !== frame.kind) return this.#rejectFrame('not_asked_for');
    this.#parts.onProof();
    this.#parts.sink.offer(frame, subscription.state === 'live' ? 'live' : subscription.storedOrigin);
  }

  #onEose(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription?.state !== 'pending') return this.#rejectFrame('not_asked_for');
    this.#parts.onProof();
    subscription.backoff.reset();
    this.#goLive(subscription);
  }

  #onEoseMissing(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription?.state !== 'pending') return;
    this.#parts.telemetry.log('relay.eose_missing', { relay: this.#parts.relay, kind: subscription.kind });
    this.#goLive(subscription);
  }

  #goLive(subscription: Subscription): void {
    clearTimeout(subscription.timer);
    subscription.state = 'live';
    this.#parts.telemetry.log('relay.subscribed', { relay: this.#parts.relay, kind: subscription.kind });
  }

  /** A refused kind is asked for again later and costs the other kinds nothing. */
  #onClosed(id: string, reason: ReasonPrefix): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined || subscription.state === 'closed')
      return this.#rejectFrame('not_asked_for');
    clearTimeout(subscription.timer);
    const { kind, backoff } = subscription;
    const waitMs = Math.round(backoff.next());
    subscription.state = 'closed';
    subscription.timer = setTimeout(() => {
      this.#subscriptions.delete(id);
      this.#subscribe(kind, backoff);
    }, waitMs);
    this.#parts.telemetry.count('relay_subscriptions_closed', { kind: String(kind) });
    this.#parts.telemetry.log('relay.subscription_closed', {
      relay: this.#parts.relay,
      kind,
      reason,
      waitMs,
    });
  }

  #rejectFrame(reason: string): void {
    this.#parts.telemetry.count('relay_frames_rejected', { reason });
    this.#parts.telemetry.log('relay.frame_rejected', { relay: this.#parts.relay, reason });
  }
}
