import type { RecoveryIntake, RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { Clock } from '../../core/basics/clock.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { KindWatch } from './kind-watch.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import type { RelaySession } from './relay-session.ts';
import type { SilenceWatch } from './silence-watch.ts';

export interface LiveRequestOptions {
  readonly relay: string;
  readonly watch: KindWatch;
  /** Told of every live event. */
  readonly silence: SilenceWatch;
  readonly session: RelaySession;
  readonly intake: RelayIntake;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  /** How long the relay may take to send EOSE, in milliseconds. */
  readonly eoseTimeoutMs: number;
  /** The relay has sent EOSE, or its time for EOSE has passed. */
  readonly onLive: () => void;
  /** An event was dropped without a verification, because its key is flooded with forgeries at this relay. */
  readonly onUnverified: () => void;
  readonly onClosed: (reason: ReasonPrefix) => void;
}

/** One REQ for the live events of one kind. It is pending until EOSE and live from then on, until either side closes it. */
export class LiveRequest {
  readonly #options: LiveRequestOptions;
  readonly #id: string;
  readonly #eoseTimer: NodeJS.Timeout;
  /** Where events go that come before EOSE, though nothing stored was asked for. */
  #early: RecoveryIntake | undefined;
  #hasEose = false;
  #isLive = false;

  /**
   * The filter has no author: the author of a gift wrap is a random key, and anybody may write to a conversation. It has no `since`:
   * relays apply `since` to live events too, and a gift wrap is back-dated by up to two days (NIP-59). `limit: 0` asks for no stored event.
   */
  constructor(options: LiveRequestOptions) {
    const { eoseTimeoutMs, session, watch } = options;
    this.#options = options;
    this.#eoseTimer = setTimeout(() => this.#onEoseMissing(), eoseTimeoutMs);
    const filter = { kinds: [watch.kind], limit: 0 };
    this.#id = session.subscribe(filter, {
      onEvent: (frame) => this.#onEvent(frame),
      onEose: () => this.#onEose(),
      onClosed: (reason) => {
        this.end();
        options.onClosed(reason);
      },
    });
  }

  /** Closes the subscription at the relay. */
  close(): void {
    this.end();
    this.#options.session.unsubscribe(this.#id);
  }

  /** The subscription has ended at the relay too. */
  end(): void {
    clearTimeout(this.#eoseTimer);
    // Some of these events may have been live ones. They are not marked as seen, so the recovery that follows finds them again.
    this.#early?.end(false);
    this.#early = undefined;
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const { clock, intake, onUnverified, silence, watch } = this.#options;
    if (frame.kind !== watch.kind) return false;
    let verdict;
    if (this.#isLive) {
      const now = clock();
      silence.heard(now);
      watch.noteLive(frame, now);
      verdict = intake.admit(frame, 'live');
    } else verdict = this.#admitEarly(frame);
    if (verdict === 'unverified') onUnverified();
    else if (typeof verdict !== 'string') void this.#await(verdict);
    return true;
  }

  #admitEarly(frame: SubscriptionFrame): Verdict | Promise<Verdict> {
    const { intake, watch } = this.#options;
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
    // EOSE may come after its time has passed: then the subscription is live already.
    if (!this.#isLive) this.#goLive();
    return isFirst;
  }

  #onEoseMissing(): void {
    const { relay, telemetry, watch } = this.#options;
    telemetry.log('relay.eose_missing', { relay, kind: watch.kind });
    this.#goLive();
  }

  #goLive(): void {
    this.end();
    this.#isLive = true;
    this.#options.onLive();
  }
}
