import type { EventOrigin } from '../../core/waking/recovery.ts';
import type { RelayIntake, Verdict } from '../../core/intake/event-intake.ts';
import type { Recovery } from '../../core/waking/recovery.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { KindWatch } from './kind-watch.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import type { RelaySession } from './relay-session.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';

export interface LiveRequestOptions {
  readonly relay: string;
  readonly watch: KindWatch;
  readonly session: RelaySession;
  readonly sink: RelayIntake;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
}

export interface LiveRequestEvents {
  /** The relay has said EOSE, or has had time enough to. */
  readonly onLive: () => void;
  /** The live subscription has shown that it is there. */
  readonly onWord: (frame: SubscriptionFrame) => void;
  /** An event was dropped unverified, because its key is flooded with forgeries at this relay. */
  readonly onUnverified: () => void;
  readonly onClosed: (reason: ReasonPrefix) => void;
}

/** One REQ for the live events of one kind: pending until EOSE, live then, until either side closes it. */
export class LiveRequest {
  readonly #options: LiveRequestOptions;
  readonly #events: LiveRequestEvents;
  readonly #id: string;
  readonly #eoseTimer: NodeJS.Timeout;
  /** What came before EOSE, though nothing stored was asked for. */
  #early: Recovery | undefined;
  #hasEose = false;
  #isLive = false;

  /**
   * No author filter: the outer key of a gift wrap is random, and anybody may write to a conversation. No `since`: relays apply it to live events too, and a
   * gift wrap is back-dated by up to two days (NIP-59). `limit: 0` asks for nothing that is stored.
   */
  constructor(options: LiveRequestOptions, events: LiveRequestEvents) {
    const { session, timing, watch } = options;
    this.#options = options;
    this.#events = events;
    this.#eoseTimer = setTimeout(() => this.#onEoseMissing(), timing.eoseTimeoutMs);
    const filter = { kinds: [watch.kind], limit: 0 };
    this.#id = session.subscribe(filter, {
      onEvent: (frame) => this.#onEvent(frame),
      onEose: () => this.#onEose(),
      onClosed: (reason) => {
        this.end();
        events.onClosed(reason);
      },
    });
  }

  /** Closes it at the relay. */
  close(): void {
    this.end();
    this.#options.session.unsubscribe(this.#id);
  }

  /** It is no more, at the relay either. */
  end(): void {
    clearTimeout(this.#eoseTimer);
    // It may well have been live: the catching up that follows asks for it again.
    if (this.#early !== undefined) this.#early.isSound = false;
    this.#early?.[Symbol.dispose]();
    this.#early = undefined;
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const { sink, watch } = this.#options;
    if (frame.kind !== watch.kind) return false;
    if (this.#isLive) {
      watch.noteLive();
      this.#events.onWord(frame);
    } else watch.noteStored();
    const verdict = sink.admit(frame, this.#isLive ? 'live' : this.#earlyOrigin);
    if (verdict === 'unverified') this.#events.onUnverified();
    else if (typeof verdict !== 'string') void this.#await(verdict);
    return true;
  }

  async #await(verdict: Promise<Verdict>): Promise<void> {
    if ((await verdict) === 'unverified') this.#events.onUnverified();
  }

  get #earlyOrigin(): EventOrigin {
    const { sink, watch } = this.#options;
    return watch.coverage.isFresh ? 'stored' : (this.#early ??= sink.beginRecovery());
  }

  #onEose(): boolean {
    const isFirst = !this.#hasEose;
    this.#hasEose = true;
    // It may come when it is no longer waited for.
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
    this.#events.onLive();
  }
}
