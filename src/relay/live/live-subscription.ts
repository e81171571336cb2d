import type { Clock } from '../../core/basics/clock.ts';
import type { RelayIntake } from '../../core/intake/event-intake.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { Recoveries } from '../gaps/recoveries.ts';
import type { RecoveryCause } from '../gaps/report-recovery.ts';
import { BurstWatch } from './burst-watch.ts';
import { CLOSED_REACTIONS } from './closed-reaction.ts';
import type { KindWatch } from './kind-watch.ts';
import { LiveRequest } from './live-request.ts';
import type { RelayAuthentication } from '../connection/relay-authentication.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import { PlaceCheck } from './place-check.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import type { RelaySession } from './relay-session.ts';
import { Resubscription } from './resubscription.ts';
import { SilenceWatch } from './silence-watch.ts';

/** If pages push out the live subscription so often, the relay has a place too few. Once may be chance. */
const PUSHES_THAT_TELL = 2;

export interface LiveSubscriptionOptions {
  readonly relay: string;
  readonly watch: KindWatch;
  readonly session: RelaySession;
  readonly intake: RelayIntake;
  readonly authentication: RelayAuthentication;
  readonly recoveries: Recoveries;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  readonly clock: Clock;
  /** The relay has kept a promise: it has sent EOSE. */
  readonly onProof: () => void;
  /** A burst of live events has ended. The relay may have dropped some. */
  readonly onBurst: () => void;
  /** Pages push out live subscriptions. */
  readonly onPushedOut: () => void;
}

/**
 * Keeps one kind subscribed to on one connection. It asks again after CLOSED, after authentication, and after a silence in which the
 * relay may have dropped the subscription.
 */
export class LiveSubscription {
  readonly #options: LiveSubscriptionOptions;
  readonly #again: Resubscription;
  /** Watches the subscription itself: a pong only shows that the connection is alive. */
  readonly #silence: SilenceWatch;
  readonly #burst: BurstWatch;
  #live: LiveRequest | undefined;
  /** A request that is not live yet. If there is a live one too, that one stays until this one can replace it. */
  #pending: LiveRequest | undefined;
  /** Whether the pending request is to show if the relay still has the live one. */
  #isChecking = false;
  readonly #check: PlaceCheck;
  /** When the subscription that is being checked was heard last, in milliseconds. */
  #heardAt = 0;
  #awaitsAuthentication = false;
  /** Whether the last REQ was sent before the relay accepted our authentication. */
  #askedAsStranger = true;
  #noticedAt = -Infinity;
  /** When it became live on this connection, in milliseconds. */
  #liveSince: number | undefined;
  /** Why the last REQ was sent. */
  #cause: RecoveryCause = 'gap';

  constructor(options: LiveSubscriptionOptions) {
    this.#options = options;
    const { clock, onBurst, timing } = options;
    this.#again = new Resubscription(timing);
    this.#check = new PlaceCheck({
      copyMs: timing.placeCopyMs,
      onResult: (isKept) => this.#onChecked(isKept),
    });
    this.#silence = new SilenceWatch({
      clock,
      silenceMs: timing.silenceMs,
      maxSilenceMs: timing.maxSilenceMs,
      onSilence: (since) => this.#onSilence(since),
    });
    this.#burst = new BurstWatch({ events: timing.audit.burstEvents, clock, onBurst });
  }

  /** Whether it is about to become live. */
  get isPending(): boolean {
    return this.#pending !== undefined && this.#live === undefined;
  }

  /** Pages were asked for. The relay may have pushed out the live subscription to make room. So it is asked for once more beside the old one. */
  check(): void {
    const { watch } = this.#options;
    if (watch.keepsLive || this.#live === undefined || this.#pending !== undefined) return;
    this.#isChecking = true;
    this.#heardAt = this.#silence.heardAt;
    this.open();
  }

  #onChecked(isKept: boolean): void {
    const { onPushedOut, recoveries, watch } = this.#options;
    if (isKept) watch.keepsLive = true;
    if (isKept) return;
    watch.coverage.lose(this.#heardAt);
    if (++watch.timesPushedOut >= PUSHES_THAT_TELL) return onPushedOut();
    recoveries.request(watch, 'silence');
  }

  open(cause: RecoveryCause = 'gap'): void {
    if (this.#pending !== undefined) return;
    this.#cause = cause;
    this.#again.stop();
    this.#awaitsAuthentication = false;
    const { authentication, clock, intake, recoveries, relay, session, telemetry, timing, watch } =
      this.#options;
    this.#askedAsStranger = authentication.state !== 'accepted';
    const request: LiveRequest = new LiveRequest({
      relay,
      watch,
      silence: this.#silence,
      burst: this.#burst,
      session,
      intake,
      telemetry,
      clock,
      eoseTimeoutMs: timing.eoseTimeoutMs,
      limitZeroTimeoutMs: timing.limitZeroTimeoutMs,
      onLive: (isAnswered) => this.#onLive(isAnswered),
      onUnverified: () => recoveries.noteUnverified(watch, 'gap', clock()),
      onClosed: (reason) => this.#onClosed(reason, request),
      onFirstEvent: () => this.#check.onEvent(),
    });
    this.#pending = request;
  }

  /** The connection has ended. */
  close(): void {
    this.#silence.stop();
    this.#burst.stop();
    this.#again.stop();
    this.#live?.end();
    this.#pending?.end();
    this.#check.stop();
    this.#options.watch.goSilent();
    this.#options.watch.coverage.lose();
  }

  /** The connection was alive at this time, in milliseconds. As far as is known, the subscription was too. */
  prove(at: number): void {
    const { watch } = this.#options;
    if (watch.isLive) watch.coverage.prove(at);
  }

  /** A refused subscription is asked for again, and a live one too: the relay may have kept some events from a stranger. */
  onAuthentication(accepted: boolean): void {
    if (!accepted && this.#awaitsAuthentication) return this.#askAgainLater('auth-required');
    if (!accepted) return;
    this.#askAsFriend();
  }

  /** Until now the relay saw a stranger, so everything since the subscription became live may be incomplete. */
  #askAsFriend(): void {
    const { coverage } = this.#options.watch;
    if (!coverage.isFresh) coverage.lose(this.#liveSince);
    this.open();
  }

  /**
   * Older relays send NOTICE where newer relays send CLOSED. If the subscription stays silent after a NOTICE, it is asked for again
   * soon. This is done once per silence interval, and not after every NOTICE.
   */
  onNotice(): void {
    const { clock, timing } = this.#options;
    if (this.#live === undefined || clock() - this.#noticedAt < timing.silenceMs) return;
    this.#noticedAt = clock();
    this.#silence.listenFor(timing.silenceAfterNoticeMs);
  }

  #onLive(isAnswered: boolean): void {
    const { authentication, clock, onProof, recoveries, relay, telemetry, watch } = this.#options;
    const isFirst = watch.coverage.isFresh;
    const wasLive = this.#live !== undefined;
    if (!wasLive) {
      telemetry.log('relay.subscribed', { relay, kind: watch.kind });
      this.#liveSince = clock();
    }
    if (this.#isChecking && this.#live !== undefined) this.#check.begin(this.#live);
    else this.#live?.close();
    this.#isChecking = false;
    this.#live = this.#pending;
    this.#pending = undefined;
    this.#again.reset();
    watch.goLive(isAnswered);
    const now = clock();
    this.#silence.begin(now);
    watch.coverage.prove(now);
    onProof();
    recoveries.request(watch, isFirst ? 'first' : this.#cause);
    if (this.#askedAsStranger && authentication.state === 'accepted') this.#askAsFriend();
  }

  /** The relay may have dropped the subscription. It is asked for again beside the old one; the gap began at the old one's last event. */
  #onSilence(since: number): void {
    this.#options.watch.coverage.lose(since);
    this.open('silence');
  }

  #onClosed(reason: ReasonPrefix, request: LiveRequest): void {
    const { authentication, recoveries, telemetry, timing, watch } = this.#options;
    if (this.#check.isFor(request)) return this.#check.end();
    if (request === this.#pending && this.#live !== undefined) {
      // The relay gives no second subscription, but the first one may still be there. What it may have missed is asked for.
      this.#pending = undefined;
      this.#isChecking = false;
      return recoveries.request(watch, this.#cause);
    }
    const wasFresh = watch.coverage.isFresh;
    this.#check.end();
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
    if (reason !== 'auth-required' || authentication.isOver) return this.#askAgainLater(reason);
    // No gap is noted here: a first subscription that begins with authentication is still the first one.
    this.#awaitsAuthentication = true;
    this.#again.in(timing.authenticationTimeoutMs, () => this.#askAgainLater(reason));
  }

  #askAgainLater(reason: ReasonPrefix): void {
    const { relay, telemetry, watch } = this.#options;
    watch.coverage.lose();
    this.#awaitsAuthentication = false;
    telemetry.log('relay.subscription_closed', { relay, kind: watch.kind, reason });
    const { refuses } = CLOSED_REACTIONS[reason];
    const before = watch.refusal;
    if (refuses) watch.refusal = reason;
    else watch.noteHitch(reason);
    if (watch.refusal !== undefined && watch.refusal !== before)
      telemetry.log('relay.kind_refused', { relay, kind: watch.kind, reason });
    this.#again.after(refuses ? 'refusal' : 'hitch', () => this.open());
  }
}
