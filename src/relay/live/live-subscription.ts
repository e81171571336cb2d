import type { Clock } from '../../core/basics/clock.ts';
import type { Recoveries, RecoveryCause } from '../gaps/recoveries.ts';
import { CLOSED_REACTIONS } from './closed-reaction.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import { LiveRequest, type LiveRequestOptions } from './live-request.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import { Resubscription } from './resubscription.ts';
import { SilenceWatch } from './silence-watch.ts';

export interface LiveSubscriptionOptions extends LiveRequestOptions {
  readonly authentication: RelayAuthentication;
  readonly recoveries: Recoveries;
  readonly clock: Clock;
  /** The relay has kept a promise: an event that was asked for, or EOSE. */
  readonly onProof: () => void;
}

/**
 * The live subscription to one kind on one connection, and whatever it takes to keep it: asking again after CLOSED, after
 * authentication, and after a silence in which the relay may have dropped it.
 */
export class LiveSubscription {
  readonly #options: LiveSubscriptionOptions;
  readonly #again: Resubscription;
  /** Of the subscription itself: a pong shows only that the connection is there. */
  readonly #silence: SilenceWatch;
  #live: LiveRequest | undefined;
  /** Asked for and not yet live; if there is a live one, to replace it without a seam. */
  #pending: LiveRequest | undefined;
  #awaitsAuthentication = false;
  /** Whether the last REQ was sent before the relay accepted us. */
  #askedAsStranger = true;
  #noticedAt = -Infinity;
  #silenceMs: number;
  /** Since when it has been live on this connection, in milliseconds. */
  #liveSince: number | undefined;
  /** Why it was asked for last. */
  #cause: RecoveryCause = 'gap';

  constructor(options: LiveSubscriptionOptions) {
    this.#options = options;
    this.#silenceMs = options.timing.silenceMs;
    this.#again = new Resubscription(options.timing);
    this.#silence = new SilenceWatch(options.clock, (since) => this.#onSilence(since));
  }

  /** Whether it is about to become live. */
  get isPending(): boolean {
    return this.#pending !== undefined && this.#live === undefined;
  }

  open(cause: RecoveryCause = 'gap'): void {
    if (this.#pending !== undefined) return;
    this.#cause = cause;
    this.#again.stop();
    this.#awaitsAuthentication = false;
    this.#askedAsStranger = this.#options.authentication.state !== 'accepted';
    const { recoveries, clock, watch } = this.#options;
    const request: LiveRequest = new LiveRequest(this.#options, {
      onLive: () => this.#onLive(),
      onWord: (frame) => this.#onWord(frame),
      onUnverified: () => recoveries.noteUnverified(watch, 'gap', clock()),
      onClosed: (reason) => this.#onClosed(reason, request),
    });
    this.#pending = request;
  }

  /** The connection has ended. */
  close(): void {
    this.#silence.stop();
    this.#again.stop();
    this.#live?.end();
    this.#pending?.end();
    this.#options.watch.goSilent();
    this.#options.watch.coverage.lose();
  }

  /** The connection was alive at this time, in milliseconds, and as far as is known the subscription too. */
  prove(at: number): void {
    const { watch } = this.#options;
    if (watch.isLive) watch.coverage.prove(at);
  }

  /** What was refused is asked for again, and what is live too: as a stranger we may have been kept from some of it. */
  onAuthentication(accepted: boolean): void {
    if (!accepted && this.#awaitsAuthentication) return this.#giveWay('auth-required');
    if (!accepted) return;
    this.#askAsFriend();
  }

  /** What came until now came to a stranger. Nothing is missed where nothing has been live yet. */
  #askAsFriend(): void {
    const { coverage } = this.#options.watch;
    if (!coverage.isFresh) coverage.lose(this.#liveSince);
    this.open();
  }

  /**
   * Older relays say by NOTICE what newer ones say by CLOSED: a subscription that stays silent after one is soon asked
   * for again, but not after every one.
   */
  onNotice(): void {
    const { clock, timing } = this.#options;
    if (this.#live === undefined || clock() - this.#noticedAt < timing.silenceMs) return;
    this.#noticedAt = clock();
    this.#silence.listen(timing.silenceAfterNoticeMs);
  }

  #onLive(): void {
    const { authentication, recoveries, clock, relay, telemetry, watch } = this.#options;
    const isFirst = watch.coverage.isFresh;
    const wasLive = this.#live !== undefined;
    if (!wasLive) {
      telemetry.log('relay.subscribed', { relay, kind: watch.kind });
      this.#liveSince = clock();
    }
    this.#live?.close();
    this.#live = this.#pending;
    this.#pending = undefined;
    this.#again.reset();
    watch.goLive();
    this.#spoke();
    this.#silence.listen(this.#silenceMs);
    recoveries.request(watch, isFirst ? 'first' : this.#cause);
    if (this.#askedAsStranger && authentication.state === 'accepted') this.#askAsFriend();
  }

  #onWord(frame: SubscriptionFrame): void {
    if (this.#silenceMs !== this.#options.timing.silenceMs) {
      this.#silenceMs = this.#options.timing.silenceMs;
      this.#silence.listen(this.#silenceMs);
    }
    this.#options.watch.sample(frame, this.#spoke());
  }

  /** The subscription itself has shown that it is there. @returns the time, in milliseconds */
  #spoke(): number {
    const now = this.#options.clock();
    this.#silence.heard(now);
    this.prove(now);
    this.#options.onProof();
    return now;
  }

  /** It may have been dropped: asked for anew beside the old one, whose last word is where the gap began. */
  #onSilence(since: number): void {
    const { timing, watch } = this.#options;
    // Each costs a whole recovery: a relay that is merely quiet is asked ever more seldom, from its last word on.
    this.#silenceMs = Math.min(timing.maxSilenceMs, this.#silenceMs * 2);
    this.#silence.listen(this.#silenceMs);
    watch.coverage.lose(since);
    this.open('silence');
  }

  #onClosed(reason: ReasonPrefix, request: LiveRequest): void {
    const { authentication, recoveries, telemetry, timing, watch } = this.#options;
    if (request === this.#pending && this.#live !== undefined) {
      // No second one is to be had; the first may well be there. What it may have missed is asked for all the same.
      this.#pending = undefined;
      return recoveries.request(watch, this.#cause);
    }
    const wasFresh = watch.coverage.isFresh;
    this.#live?.close();
    this.#pending?.close();
    this.#live = undefined;
    this.#pending = undefined;
    this.#silence.stop();
    watch.goSilent();
    telemetry.count('relay_subscriptions_closed', { kind: String(watch.kind), reason });
    if (!wasFresh) watch.coverage.lose();
    recoveries.advance();
    if (this.#askedAsStranger && authentication.state === 'accepted') return this.#askAsFriend();
    if (reason !== 'auth-required' || authentication.isOver) return this.#giveWay(reason);
    // A first subscription that begins with authentication is still the first one.
    this.#awaitsAuthentication = true;
    this.#again.in(timing.authenticationTimeoutMs, () => this.#giveWay(reason));
  }

  #giveWay(reason: ReasonPrefix): void {
    const { relay, telemetry, watch } = this.#options;
    watch.coverage.lose();
    this.#awaitsAuthentication = false;
    telemetry.log('relay.subscription_closed', { relay, kind: watch.kind, reason });
    const { refuses } = CLOSED_REACTIONS[reason];
    if (refuses && watch.refusal !== reason)
      telemetry.log('relay.kind_refused', { relay, kind: watch.kind, reason });
    if (refuses) watch.refusal = reason;
    this.#again.after(refuses ? 'refusal' : 'hitch', () => this.open());
  }
}
