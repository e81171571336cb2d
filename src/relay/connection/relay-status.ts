import { GIFT_WRAP_KIND, type WakingKind } from '../../core/nostr/nostr-event.ts';
import { droppedOfAll, type Dropped } from '../gaps/dropped-events.ts';
import type { KindWatch, StoredTrouble } from '../live/kind-watch.ts';
import type { DialFailure } from './dial-failure.ts';
import type { AuthenticationState } from './relay-authentication.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';

/** `waiting`: it will be dialled again; `banned`: the same after misconduct, with a longer wait. */
export type RelayState = 'connecting' | 'connected' | 'live' | 'waiting' | 'banned';

/**
 * Why a relay does not serve a kind, or not fully. It is the prefix of the relay's CLOSED (NIP-01, NIP-42), or:
 * - `live-only`: the relay sends live events and refuses stored ones, so its gaps are not recovered.
 * - `unreliable`: it sends live events, but its stored ones contradict each other, so its gaps may not be fully recovered.
 * - `withheld`: it has sent no event of the kind, while other relays have sent many.
 * - `unconfirmed`: it has answered the subscription with neither EOSE nor an event; or it asks for authentication and has sent no gift wrap yet. It may keep gift wraps from third parties (NIP-17).
 */
export type Restriction = ReasonPrefix | StoredTrouble | 'withheld' | 'unconfirmed';

/** One relay, as the status, the metrics and the readiness check show it. */
export interface RelayStatus {
  /** The relay's host. */
  readonly relay: string;
  /** The scheme and host of its URL. Not more, because a path or a query may be a secret. */
  readonly url: string;
  readonly state: RelayState;
  /** The kinds whose subscription is past EOSE, or counts as live because the time for EOSE has passed. */
  readonly liveKinds: readonly number[];
  /** The live kinds without a restriction. */
  readonly served: readonly number[];
  /** The live kinds whose subscription the relay has left unanswered: neither EOSE nor an event has come. */
  readonly unanswered: readonly number[];
  readonly restricted: readonly { readonly kind: WakingKind; readonly reason: Restriction }[];
  /** The live kinds with a gap that is being recovered, or will be. */
  readonly recovering: readonly number[];
  readonly authentication: AuthenticationState;
  /** How many connections there were after the first. */
  readonly reconnects: number;
  /** Whether a Mostro instance named the relay, and not the operator. */
  readonly discovered: boolean;
  /** What audits have found that the relay had dropped; absent if nothing. It is for the operator alone: the relay could learn by it which keys are registered. */
  readonly dropped?: Dropped;
  /** Since when there is no connection, in milliseconds, and why; absent while there is a connection. */
  readonly lost?: { readonly since: number } & DialFailure;
}

/** If other relays have sent so many events of a kind and this one has sent none, it withholds the kind. */
const WITHHELD_AFTER = 10;

export interface RelayStatusOptions extends Pick<
  RelayStatus,
  'relay' | 'url' | 'authentication' | 'reconnects' | 'discovered' | 'lost'
> {
  /** The state of the connection. */
  readonly state: Exclude<RelayState, 'live'>;
  readonly watches: readonly KindWatch[];
}

/** Makes a relay's status from the state of its connection and of its kinds. */
export function relayStatus({ watches, ...connection }: RelayStatusOptions): RelayStatus {
  const live = watches.filter(({ isLive }) => isLive);
  const dropped = droppedOfAll(watches.map((watch) => watch.dropped.summary));
  const restricted = watches.flatMap((watch) => {
    const reason = restriction(watch, connection.authentication);
    return reason === undefined ? [] : [{ kind: watch.kind, reason }];
  });
  return {
    ...connection,
    state: live.length > 0 ? 'live' : connection.state,
    liveKinds: kindsOf(live),
    unanswered: kindsOf(live.filter(({ isUnanswered }) => isUnanswered)),
    served: kindsOf(live.filter(({ kind }) => !restricted.some((one) => one.kind === kind))),
    restricted,
    recovering: kindsOf(watches.filter(({ hasGap, isLive }) => isLive && hasGap)),
    ...(dropped && { dropped }),
  };
}

function restriction(watch: KindWatch, authentication: AuthenticationState): Restriction | undefined {
  if (watch.refusal !== undefined) return watch.refusal;
  if (watch.isUnanswered) return 'unconfirmed';
  if (watch.storedTrouble !== undefined) return watch.storedTrouble;
  if (!watch.isLive || watch.events > 0) return undefined;
  if (watch.eventsElsewhere >= WITHHELD_AFTER) return 'withheld';
  return authentication !== 'none' && watch.kind === GIFT_WRAP_KIND ? 'unconfirmed' : undefined;
}

function kindsOf(watches: readonly KindWatch[]): number[] {
  return watches.map(({ kind }) => kind);
}
