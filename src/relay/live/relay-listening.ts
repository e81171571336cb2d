import type { RelayIntake } from '../../core/intake/event-intake.ts';
import type { RelayAccount } from '../../core/intake/relay-account.ts';
import type { AuditTurns } from '../gaps/audit-schedules.ts';
import { Audits } from '../gaps/audits.ts';
import { Recoveries } from '../gaps/recoveries.ts';
import type { KindWatch } from './kind-watch.ts';
import type { ReconcilingRelay } from '../reconcile/reconciling-relay.ts';
import { LiveSubscription } from './live-subscription.ts';
import { RelayAuthentication, type AuthenticationState } from '../connection/relay-authentication.ts';
import type { RelayConduct } from '../connection/relay-conduct.ts';
import type { RelayEnvironment } from '../connection/relay-environment.ts';
import type { RelayLimits } from '../connection/relay-information.ts';
import type { RelaySpelling } from '../connection/relay-spelling.ts';
import { RelayListSubscription } from './relay-list-subscription.ts';
import { RelaySession } from './relay-session.ts';
import type { Arrangement } from './subscription-places.ts';

export interface RelayListeningOptions {
  readonly environment: RelayEnvironment;
  /** The relay's host: the only part of its URL that may be logged. */
  readonly relay: string;
  /** How the relay's URL is written in answers to its challenges. */
  readonly spelling: RelaySpelling;
  readonly watches: readonly KindWatch[];
  readonly audits: AuditTurns;
  readonly intake: RelayIntake;
  readonly account: RelayAccount;
  readonly conduct: RelayConduct;
  /** The relay's limits, as far as they are known by now. */
  readonly limits: () => RelayLimits;
  readonly reconciling: ReconcilingRelay;
  /** How the subscriptions share the places that the relay allows. */
  readonly arrangement: Arrangement;
  /** The relay has refused a subscription because there are too many. @param places how many it seems to allow */
  readonly onTooMany: (places: number) => void;
  readonly send: (message: readonly unknown[]) => void;
  /** The relay has kept a promise: it has sent EOSE. */
  readonly onProof: () => void;
}

/** The conversation over one connection: a live subscription for each kind, recoveries, authentication and relay lists. */
export class RelayListening {
  /** Takes the messages of the relay. */
  readonly session: RelaySession;
  readonly #options: RelayListeningOptions;
  readonly #authentication: RelayAuthentication;
  readonly #recoveries: Recoveries;
  readonly #audits: Audits;
  readonly #subscriptions: readonly LiveSubscription[];
  readonly #relayList: RelayListSubscription | undefined;
  #checking: NodeJS.Timeout | undefined;

  constructor(options: RelayListeningOptions) {
    const { environment, intake, limits, onProof, relay, watches } = options;
    const { clock, monotonic, telemetry, timing } = environment;
    this.#options = options;
    const authentication = this.#authenticating(options);
    const session = this.#conversing(options, authentication);
    const recoveries = new Recoveries({
      relay,
      session,
      intake,
      telemetry,
      timing,
      clock,
      monotonic,
      limits,
      onPage: () => this.#onPage(),
      reconciling: options.reconciling,
      onCrowded: (watch) => this.#audits.burst(watch),
      mayBegin: () => !authentication.isUnderWay && !this.#subscriptions.some(({ isPending }) => isPending),
    });
    this.#authentication = authentication;
    this.session = session;
    this.#recoveries = recoveries;
    this.#audits = auditsOf(options, recoveries);
    this.#subscriptions = watches.map(
      (watch) =>
        new LiveSubscription({
          relay,
          watch,
          session,
          intake,
          authentication,
          recoveries,
          telemetry,
          timing,
          clock,
          onProof,
          onBurst: () => this.#audits.burst(watch),
          onPushedOut: () => options.onTooMany(this.#standing),
        }),
    );
    this.#relayList = relayListSubscription(options, session);
  }

  #conversing(
    { arrangement, conduct, environment, limits, onTooMany, relay, send }: RelayListeningOptions,
    authentication: RelayAuthentication,
  ): RelaySession {
    return new RelaySession({
      relay,
      conduct,
      authentication,
      telemetry: environment.telemetry,
      send,
      onNotice: () => this.#subscriptions.forEach((subscription) => subscription.onNotice()),
      maxSubscriptionId: limits().maxSubscriptionId,
      arrangement,
      onTooMany,
    });
  }

  #authenticating({ environment, relay, send, spelling }: RelayListeningOptions): RelayAuthentication {
    const { clock, monotonic, signer, telemetry, timing } = environment;
    return new RelayAuthentication({
      spelling,
      signer,
      clock,
      monotonic,
      timeoutMs: timing.authenticationTimeoutMs,
      send,
      onResult: (accepted) => {
        telemetry.log(accepted ? 'relay.authenticated' : 'relay.authentication_refused', { relay });
        for (const subscription of this.#subscriptions) subscription.onAuthentication(accepted);
        this.#recoveries.advance();
      },
    });
  }

  /** How many subscriptions there are all the time. */
  get #standing(): number {
    return this.#subscriptions.length + (this.#relayList === undefined ? 0 : 1);
  }

  /** A relay that states no limit may push out live subscriptions for pages. So they are checked some time after the last page. */
  #onPage(): void {
    const { arrangement, environment, limits } = this.#options;
    clearTimeout(this.#checking);
    if (arrangement !== 'apart' || limits().maxSubscriptions !== undefined) return;
    this.#checking = setTimeout(() => {
      for (const subscription of this.#subscriptions) subscription.check();
    }, environment.timing.placeCheckMs);
  }

  get authentication(): AuthenticationState {
    return this.#authentication.state;
  }

  open(): void {
    for (const subscription of this.#subscriptions) subscription.open();
    this.#relayList?.open();
    this.#audits.open();
  }

  /** The connection has answered a ping. */
  onPong(pingedAt: number): void {
    for (const subscription of this.#subscriptions) subscription.prove(pingedAt);
    // Recoveries wait for the relay to judge our authentication. It may never do so.
    this.#recoveries.advance();
  }

  /** The program, or the reading of this relay, stood still. The relay may have dropped events meanwhile. */
  standstill(): void {
    this.#audits.standstill();
  }

  /** The connection has ended. */
  close(): void {
    clearTimeout(this.#checking);
    this.#audits.close();
    for (const subscription of this.#subscriptions) subscription.close();
    this.#recoveries.close();
    this.#relayList?.close();
  }
}

function auditsOf(
  { audits, environment, intake, limits, relay }: RelayListeningOptions,
  recoveries: Recoveries,
): Audits {
  const { clock, telemetry, timing } = environment;
  return new Audits({
    relay,
    intake,
    telemetry,
    timing,
    clock,
    recoveries,
    schedules: audits.schedules,
    places: audits.places,
    maxLimit: () => limits().maxLimit,
  });
}

function relayListSubscription(
  { account, environment }: RelayListeningOptions,
  session: RelaySession,
): RelayListSubscription | undefined {
  const { relayLists, telemetry, timing } = environment;
  return relayLists && new RelayListSubscription({ session, relayLists, account, telemetry, timing });
}
