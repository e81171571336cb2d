import { RELAY_LIST_KIND, type NostrEvent } from '../../core/nostr/nostr-event.ts';
import type { RelayAccount } from '../../core/intake/relay-account.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { RelaySession } from './relay-session.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import { Resubscription } from './resubscription.ts';

/** Where the relay lists of Mostro instances go. */
export interface RelayListIntake {
  /** The instances whose lists are asked for. */
  readonly instancePubkeys: ReadonlySet<string>;
  /** Calls back after each change of the set. @returns ends that */
  onChange(callback: () => void): () => void;
  /**
   * @returns `forged` if the event is not by the author that it names. Anybody can have published it, so that author's key is charged, and
   *   not the relay
   */
  adopt(event: NostrEvent): 'adopted' | 'ignored' | 'forged';
}

export interface RelayListSubscriptionOptions {
  readonly session: RelaySession;
  readonly relayLists: RelayListIntake;
  readonly account: RelayAccount;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
}

/**
 * Subscribes to the relay lists of the Mostro instances, stored and live (contract 2). It asks again now and then, in case the relay
 * has dropped the subscription. That is cheap, since a relay sends one list for each instance.
 */
export class RelayListSubscription {
  readonly #options: RelayListSubscriptionOptions;
  readonly #again: Resubscription;
  #id: string | undefined;
  #unfollow: (() => void) | undefined;

  constructor(options: RelayListSubscriptionOptions) {
    this.#options = options;
    this.#again = new Resubscription(options.timing);
  }

  open(): void {
    const { relayLists, session, timing } = this.#options;
    this.#unfollow ??= relayLists.onChange(() => this.open());
    const authors = [...relayLists.instancePubkeys];
    const old = this.#id;
    // A reload can leave no instance. A filter without authors would ask for the lists of everybody.
    if (authors.length === 0) return;
    this.#id = session.subscribe(
      { kinds: [RELAY_LIST_KIND], authors, limit: authors.length },
      {
        onEvent: (frame) => this.#onEvent(frame),
        onEose: () => true,
        // Not urgent: the lists that came before still count.
        onClosed: () => this.#again.after('refusal', () => this.open()),
      },
      'lists',
    );
    if (old !== undefined) session.unsubscribe(old);
    this.#again.in(timing.silenceMs, () => this.open());
  }

  close(): void {
    this.#unfollow?.();
    this.#again.stop();
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const { account, relayLists, telemetry } = this.#options;
    if (frame.kind !== RELAY_LIST_KIND) return false;
    const event = frame.parse();
    if (event === undefined) {
      // Anybody can have published it, at a relay that does not verify.
      telemetry.count('relay_lists', { verdict: 'ignored' });
      return true;
    }
    const author = [event.pubkey];
    if (account.forgeries.areSpent(author)) {
      telemetry.count('relay_lists', { verdict: 'unverified' });
      return true;
    }
    // The list is verified at once, so the time for that is charged together with the reading of the frame.
    if (relayLists.adopt(event) === 'forged') account.forgeries.charge(author);
    return true;
  }
}
