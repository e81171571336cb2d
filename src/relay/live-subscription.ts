import type { Clock } from '../core/clock.ts';
import type { EventOrigin, EventSink } from '../core/ports.ts';
import type { Telemetry } from '../core/telemetry.ts';
import type { CatchUp } from './catch-up.ts';
import { CLOSED_REACTIONS } from './closed-reaction.ts';
import type { EventFrame } from './event-frame.ts';
import type { KindWatch } from './kind-watch.ts';
import type { RelayAuthentication } from './relay-authentication.ts';
import type { RelayConduct } from './relay-conduct.ts';
import type { ReasonPrefix } from './relay-message.ts';
import type { RelaySession } from './relay-session.ts';
import type { RelayTiming } from './relay-timing.ts';
import { Resubscription } from './resubscription.ts';
import { SilenceWatch } from './silence-watch.ts';

export interface LiveSubscriptionParts {
  readonly relay: string;
  readonly watch: KindWatch;
  /** Whose events are asked for; anyone's when empty. Never for gift wraps, whose author is a key used once. */
  readonly authors: readonly string[];
  readonly session: RelaySession;
  readonly authentication: RelayAuthentication;
  readonly conduct: RelayConduct;
  readonly catchUp: CatchUp;
  readonly sink: EventSink;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  readonly clock: Clock;
  /** The relay has kept a promise: an event that was asked for, or EOSE. */
  readonly onProof: () => void;
}

/** A REQ under way or live. */
interface Asked {
  id: string;
  isLive: boolean;
  eoseTimer: NodeJS.Timeout | undefined;
}

/**
 * The live subscription to one kind on one connection, and whatever it takes to keep it: asking again after CLOSED, after
 * authentication, and after a silence in which the relay may have dropped it.
 */
export class LiveSubscription {
  readonly #parts: LiveSubscriptionParts;
  readonly #again: Resubscription;
  #live: Asked | undefined;
  /** Asked for and not yet live; if there is a live one, to replace it without a seam. */
  #pending: Asked | undefined;
  /** Of the subscription itself: a pong shows only that the connection is there. */
  readonly #silence: SilenceWatch;
  #awaitsAuthentication = false;
  #noticedAt = -Infinity;

  constructor(parts: LiveSubscriptionParts) {
    this.#parts = parts;
    this.#again = new Resubscription(parts.timing);
    this.#silence = new SilenceWatch(parts.clock, (since) => this.#onSilence(since));
  }

  /**
   * No author filter on gift wraps: their outer key is random. No `since`: relays apply it to live events too, and a
   * gift wrap is back-dated by up to two days (NIP-59). `limit: 0` asks for nothing that is stored.
   */
  open(): void {
    if (this.#pending !== undefined) return;
    const { authors, relay, session, telemetry, timing, watch } = this.#parts;
    this.#again.stop();
    this.#awaitsAuthentication = false;
    const asked: Asked = { id: '', isLive: false, eoseTimer: undefined };
    asked.eoseTimer = setTimeout(() => {
      telemetry.log('relay.eose_missing', { relay, kind: watch.kind });
      this.#goLive(asked);
    }, timing.eoseTimeoutMs);
    this.#pending = asked;
    const filter = { kinds: [watch.kind], ...(authors.length > 0 && { authors }), limit: 0 };
    asked.id = session.subscribe(filter, {
      onEvent: (frame) => this.#onEvent(asked, frame),
      onEose: () => this.#onEose(asked),
      onClosed: (reason) => this.#onClosed(reason),
    });
  }

  /** The connection has ended. */
  close(): void {
    this.#stopTimers();
    this.#parts.watch.goSilent();
    this.#parts.watch.coverage.lose();
  }

  /** The connection is alive, and as far as is known the subscription too. */
  prove(): void {
    const { clock, watch } = this.#parts;
    if (watch.isLive) watch.coverage.prove(clock());
  }

  /** What was refused is asked for again, and what is live too: as a stranger we may have been kept from some of it. */
  onAuthentication(accepted: boolean): void {
    if (!accepted && this.#awaitsAuthentication) return this.#giveWay('auth-required');
    if (!accepted) return;
    if (this.#live !== undefined) this.#parts.watch.coverage.lose();
    this.open();
  }

  /**
   * Older relays say by NOTICE what newer ones say by CLOSED: a subscription that stays silent after one is soon asked
   * for again, but not after every one.
   */
  onNotice(): void {
    const { clock, timing } = this.#parts;
    if (this.#live === undefined || clock() - this.#noticedAt < timing.silenceMs) return;
    this.#noticedAt = clock();
    this.#silence.listen(timing.silenceAfterNoticeMs);
  }

  #onEvent(asked: Asked, frame: EventFrame): boolean {
    const { catchUp, conduct, sink, watch } = this.#parts;
    if (frame.kind !== watch.kind) return false;
    watch.noteEvent();
    let origin: EventOrigin = 'live';
    if (asked.isLive) this.#spoke();
    else origin = watch.coverage.isFresh ? 'stored' : catchUp.recovery;
    const verdict = sink.offer(frame, origin);
    // Nothing stored was asked for: what costs a verification all the same is charged.
    if (verdict === 'forged' || (verdict === 'admitted' && origin === 'stored')) conduct.note('forged');
    return true;
  }

  #onEose(asked: Asked): boolean {
    if (asked.isLive) return false;
    this.#again.reset();
    this.#goLive(asked);
    return true;
  }

  #goLive(asked: Asked): void {
    const { catchUp, relay, session, telemetry, timing, watch } = this.#parts;
    clearTimeout(asked.eoseTimer);
    const isFirst = watch.coverage.isFresh;
    const wasLive = this.#live !== undefined;
    if (this.#live === undefined) telemetry.log('relay.subscribed', { relay, kind: watch.kind });
    else session.unsubscribe(this.#live.id);
    asked.isLive = true;
    this.#live = asked;
    this.#pending = undefined;
    watch.goLive();
    this.#spoke();
    this.#silence.listen(timing.silenceMs);
    catchUp.request(watch, isFirst ? 'first' : wasLive ? 'silence' : 'gap');
  }

  /** The subscription itself has shown that it is there. */
  #spoke(): void {
    this.#silence.heard();
    this.prove();
    this.#parts.onProof();
  }

  /** It may have been dropped: asked for anew beside the old one, whose last word is where the gap began. */
  #onSilence(since: number): void {
    this.#silence.listen(this.#parts.timing.silenceMs);
    this.#parts.watch.coverage.lose(since);
    this.open();
  }

  #onClosed(reason: ReasonPrefix): void {
    const { authentication, session, telemetry, timing, watch } = this.#parts;
    const wasFresh = watch.coverage.isFresh;
    if (this.#live !== undefined) session.unsubscribe(this.#live.id);
    if (this.#pending !== undefined) session.unsubscribe(this.#pending.id);
    this.#stopTimers();
    this.#live = undefined;
    this.#pending = undefined;
    watch.goSilent();
    telemetry.count('relay_subscriptions_closed', { kind: String(watch.kind), reason });
    if (reason !== 'auth-required' || authentication.isOver) return this.#giveWay(reason);
    // A first subscription that begins with authentication is still the first one.
    if (!wasFresh) watch.coverage.lose();
    this.#awaitsAuthentication = true;
    this.#again.in(timing.authenticationTimeoutMs, () => this.#giveWay(reason));
  }

  #giveWay(reason: ReasonPrefix): void {
    const { relay, telemetry, watch } = this.#parts;
    watch.coverage.lose();
    this.#awaitsAuthentication = false;
    telemetry.log('relay.subscription_closed', { relay, kind: watch.kind, reason });
    const { refuses } = CLOSED_REACTIONS[reason];
    if (refuses && watch.refusal !== reason)
      telemetry.log('relay.kind_refused', { relay, kind: watch.kind, reason });
    if (refuses) watch.refusal = reason;
    this.#again.after(refuses ? 'refusal' : 'hitch', () => this.open());
  }

  #stopTimers(): void {
    this.#silence.stop();
    this.#again.stop();
    clearTimeout(this.#live?.eoseTimer);
    clearTimeout(this.#pending?.eoseTimer);
  }
}
