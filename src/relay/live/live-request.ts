import type { RecoveryIntake, RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { BurstWatch } from './burst-watch.ts';
import type { KindWatch } from './kind-watch.ts';
import type { LiveLimitValue } from './live-limit.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import type { RelaySession } from './relay-session.ts';
import type { SilenceWatch } from './silence-watch.ts';

export interface LiveRequestOptions {
  readonly relay: string;
  readonly watch: KindWatch;
  /** Told of every live event. */
  readonly silence: SilenceWatch;
  /** Told of every live event. */
  readonly burst: BurstWatch;
  readonly session: RelaySession;
  readonly intake: RelayIntake;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** How long the relay may take to send EOSE, in milliseconds. */
  readonly eoseTimeoutMs: number;
  /** How long it may say nothing at all until it is asked with `limit: 1` too, in milliseconds. */
  readonly limitZeroTimeoutMs: number;
  /** The relay has sent EOSE, or its time for EOSE has passed without an event. */
  readonly onLive: (isAnswered: boolean) => void;
  /** An event was dropped without a verification, because its key is flooded with forgeries at this relay. */
  readonly onUnverified: () => void;
  readonly onClosed: (reason: ReasonPrefix) => void;
  /** The first live event has come. */
  readonly onFirstEvent: () => void;
}

/**
 * Asks for the live events of one kind. It is pending until EOSE and live from then on, until either side closes it.
 *
 * The relay is asked with `limit: 0`. If it says nothing for a moment, or refuses that, it is asked with `limit: 1` instead.
 */
export class LiveRequest {
  readonly #options: LiveRequestOptions;
  readonly #eoseTimer: NodeJS.Timeout;
  readonly #limitTimer: NodeJS.Timeout;
  #limit: LiveLimitValue;
  #id: string;
  /** Where events go that come before EOSE, though nothing stored was asked for. */
  #early: RecoveryIntake | undefined;
  #hasEvents = false;
  #hasEose = false;
  #isLive = false;
  /** How many live events have come. */
  events = 0;

  constructor(options: LiveRequestOptions) {
    const { eoseTimeoutMs, limitZeroTimeoutMs, watch } = options;
    this.#options = options;
    this.#eoseTimer = setTimeout(() => this.#onEoseMissing(), eoseTimeoutMs);
    this.#limitTimer = setTimeout(() => this.#onLimitUnanswered(), limitZeroTimeoutMs);
    this.#limit = watch.liveLimit.value;
    this.#id = this.#ask();
  }

  /**
   * The filter has no author: the author of a gift wrap is a random key, and anybody may write to a conversation. It has no `since`:
   * relays apply `since` to live events too, and a gift wrap is back-dated by up to two days (NIP-59).
   *
   * @returns the id of the subscription
   */
  #ask(): string {
    const { session, watch } = this.#options;
    return session.subscribe(
      { kinds: [watch.kind], limit: this.#limit },
      {
        onEvent: (frame) => this.#onEvent(frame),
        onEose: () => this.#onEose(),
        onClosed: (reason) => this.#onClosed(reason),
      },
      'live',
    );
  }

  /** Closes the subscription at the relay. */
  close(): void {
    this.end();
    this.#options.session.unsubscribe(this.#id);
  }

  /** The subscription has ended at the relay too. */
  end(): void {
    clearTimeout(this.#eoseTimer);
    clearTimeout(this.#limitTimer);
    // Some of these events may have been live ones. They are not marked as seen, so the recovery that follows finds them again.
    this.#early?.end(false);
    this.#early = undefined;
  }

  /** A relay that sends stored events is on its way to EOSE. */
  #onLimitUnanswered(): void {
    if (this.#hasEvents || this.#limit === 1) return;
    // Closed first: the relay may allow no further subscription.
    this.#options.session.unsubscribe(this.#id);
    this.#askForOne();
  }

  #askForOne(): void {
    this.#limit = 1;
    this.#id = this.#ask();
  }

  #onClosed(reason: ReasonPrefix): void {
    const { onClosed, watch } = this.#options;
    if (!this.#isLive && watch.liveLimit.refused(this.#limit, reason)) return this.#askForOne();
    this.end();
    onClosed(reason);
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const { burst, clock, intake, onUnverified, silence, watch } = this.#options;
    if (frame.kind !== watch.kind) return false;
    let verdict;
    if (this.#isLive) {
      const now = clock();
      silence.heard(now);
      burst.note(now);
      if (this.events++ === 0) this.#options.onFirstEvent();
      watch.noteLive(frame, now);
      verdict = intake.admit(frame, 'live');
      // An audit must know these events: the relay has not dropped them.
      if (verdict === 'unmatched') watch.heard.note(frame.mark, now);
      else {
        watch.heardForUs.note(frame.mark, now);
        watch.finds.heard(frame);
      }
    } else verdict = this.#admitEarly(frame);
    if (this.#isLive && verdict !== 'unverified') watch.known?.note(frame);
    if (verdict === 'unverified') onUnverified();
    else if (typeof verdict !== 'string') void this.#await(verdict);
    return true;
  }

  #admitEarly(frame: SubscriptionFrame): Verdict | Promise<Verdict> {
    const { intake, watch } = this.#options;
    this.#hasEvents = true;
    watch.noteStored();
    if (watch.coverage.isFresh) return intake.admit(frame, 'stored');
    this.#early ??= intake.beginRecovery();
    return this.#early.admit(frame);
  }

  async #await(verdict: Promise<Verdict>): Promise<void> {
    if ((await verdict) === 'unverified') this.#options.onUnverified();
  }

  #onEose(): boolean {
    const isFirst = !this.#hasEose;
    this.#hasEose = true;
    this.#options.watch.liveLimit.answered(this.#limit);
    // EOSE may come after its time has passed: then the subscription is live already.
    if (!this.#isLive) this.#goLive(true);
    else this.#options.watch.noteAnswer();
    return isFirst;
  }

  #onEoseMissing(): void {
    const { relay, telemetry, watch } = this.#options;
    telemetry.log('relay.eose_missing', { relay, kind: watch.kind });
    this.#goLive(this.#hasEvents);
  }

  #goLive(isAnswered: boolean): void {
    this.end();
    this.#isLive = true;
    this.#options.onLive(isAnswered);
  }
}
