import type { Clock } from '../../core/basics/clock.ts';
import type { EventSigner } from '../../core/nostr/event-signer.ts';
import type { WakingKind } from '../../core/nostr/nostr-event.ts';
import type { RelayIntake } from '../../core/intake/event-intake.ts';
import type { RelayAccount } from '../../core/intake/relay-account.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { Recoveries } from '../gaps/recoveries.ts';
import type { KindWatch } from './kind-watch.ts';
import { LiveSubscription } from './live-subscription.ts';
import { RelayAuthentication, type AuthenticationState } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import type { RelayLimits } from '../connection/relay-information.ts';
import { RelayListSubscription, type RelayListIntake } from './relay-list-subscription.ts';
import { RelaySession } from './relay-session.ts';
import type { RelayTiming } from '../connection/relay-timing.ts';

/** What every relay's listening needs, whichever relay it is. */
export interface ListeningContext {
  readonly kinds: readonly WakingKind[];
  /** Where events go. What they cost is charged to the account. */
  readonly sink: RelayIntake;
  readonly account: RelayAccount;
  readonly signer: EventSigner;
  /** Where relay lists go (`MOSTRO_RELAY_DISCOVERY`). */
  readonly relayLists: RelayListIntake | undefined;
  readonly telemetry: Telemetry;
  readonly timing: RelayTiming;
  /** The time of day. */
  readonly clock: Clock;
  /** What waits go by, in milliseconds. */
  readonly monotonic: Clock;
  /** Told of the `Date` header of a relay's answers: what they say of our clock. */
  readonly onDate?: (relay: string, date: unknown) => void;
}

export interface RelayListeningOptions extends ListeningContext {
  /** The relay's host: all of its URL that may be logged. */
  readonly relay: string;
  /** Its URL, as written. */
  readonly url: string;
  readonly watches: readonly KindWatch[];
  readonly conduct: RelayConduct;
  readonly limits: () => RelayLimits;
  readonly send: (message: readonly unknown[]) => void;
  /** The relay has kept a promise: an event that was asked for, or EOSE. */
  readonly onProof: () => void;
}

/** All that goes on over one connection: one live subscription for each kind, the catching up, authentication, relay lists. */
export class RelayListening {
  readonly #session: RelaySession;
  readonly #authentication: RelayAuthentication;
  readonly #recoveries: Recoveries;
  readonly #subscriptions: readonly LiveSubscription[];
  readonly #relayList: RelayListSubscription | undefined;

  constructor(options: RelayListeningOptions) {
    const { conduct, limits, relay, relayLists, send, telemetry } = options;
    this.#authentication = new RelayAuthentication({
      ...options,
      onResult: (accepted) => {
        telemetry.log(accepted ? 'relay.authenticated' : 'relay.authentication_refused', { relay });
        for (const subscription of this.#subscriptions) subscription.onAuthentication(accepted);
        this.#recoveries.advance();
      },
    });
    const authentication = this.#authentication;
    this.#session = new RelaySession({
      relay,
      conduct,
      authentication,
      telemetry,
      send,
      onNotice: () => this.#subscriptions.forEach((subscription) => subscription.onNotice()),
      maxSubscriptionId: limits().maxSubscriptionId,
    });
    const session = this.#session;
    this.#recoveries = new Recoveries({
      ...options,
      session,
      maxLimit: () => limits().maxLimit,
      isSettled: () => !authentication.isUnderWay && !this.#subscriptions.some(({ isPending }) => isPending),
    });
    const shared = { ...options, session, authentication, recoveries: this.#recoveries };
    this.#subscriptions = options.watches.map((watch) => new LiveSubscription({ ...shared, watch }));
    this.#relayList = relayLists && new RelayListSubscription({ ...options, session, relayLists });
  }

  get authentication(): AuthenticationState {
    return this.#authentication.state;
  }

  open(): void {
    for (const subscription of this.#subscriptions) subscription.open();
    this.#relayList?.open();
  }

  receive(bytes: Buffer, isBinary: boolean): void {
    this.#session.receive(bytes, isBinary);
  }

  /** A frame has been left out because it was too long. @param head its first bytes, or fewer */
  onTooLong(head: Buffer): void {
    this.#session.onTooLong(head);
  }

  /** The connection has answered a ping. */
  onPong(pingedAt: number): void {
    for (const subscription of this.#subscriptions) subscription.prove(pingedAt);
    // In case a relay never judged our answer, for which it was waited.
    this.#recoveries.advance();
  }

  /** The connection has ended. */
  close(): void {
    for (const subscription of this.#subscriptions) subscription.close();
    this.#recoveries.close();
    this.#relayList?.close();
  }
}
