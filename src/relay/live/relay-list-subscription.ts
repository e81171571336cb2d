import { RELAY_LIST_KIND, type NostrEvent } from '../../core/nostr/nostr-event.ts';
import type { RelayAccount } from '../../core/intake/relay-account.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { RelaySession } from './relay-session.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';
import { Resubscription } from './resubscription.ts';

/** Where relay lists go that a relay hands in. */
export interface RelayListIntake {
  readonly authors: readonly string[];
  /** `forged`: it is not by the author that it names. Anybody can have published it, so that author is charged, not the relay. */
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
 * The subscription to the relay lists of the Mostro instances (contract 2), stored and to come. It is asked for anew now
 * and then, in case the relay has dropped it: a relay gives one list for each author, so that costs nothing.
 */
export class RelayListSubscription {
  readonly #options: RelayListSubscriptionOptions;
  readonly #again: Resubscription;
  #id: string | undefined;

  constructor(options: RelayListSubscriptionOptions) {
    this.#options = options;
    this.#again = new Resubscription(options.timing);
  }

  open(): void {
    const { relayLists, session, timing } = this.#options;
    const { authors } = relayLists;
    const old = this.#id;
    this.#id = session.subscribe(
      { kinds: [RELAY_LIST_KIND], authors, limit: authors.length },
      {
        onEvent: (frame) => this.#onEvent(frame),
        onEose: () => true,
        // Without it nothing is lost that was not lost before.
        onClosed: () => this.#again.after('refusal', () => this.open()),
      },
    );
    if (old !== undefined) session.unsubscribe(old);
    this.#again.in(timing.silenceMs, () => this.open());
  }

  close(): void {
    this.#again.stop();
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const { account, relayLists, telemetry } = this.#options;
    if (frame.kind !== RELAY_LIST_KIND) return false;
    const event = frame.parse();
    if (event === undefined) {
      // Anybody can have published it, where the relay does not verify.
      telemetry.count('relay_lists', { verdict: 'ignored' });
      return true;
    }
    const author = [event.pubkey];
    if (account.forgeries.areSpent(author)) {
      telemetry.count('relay_lists', { verdict: 'unverified' });
      return true;
    }
    // Its time is charged where the frame is read: it is verified at once.
    if (relayLists.adopt(event) === 'forged') account.forgeries.charge(author);
    return true;
  }
}
