import { GIFT_WRAP_KIND, type WakingKind } from '../../core/nostr/nostr-event.ts';
import type { KindWatch, StoredTrouble } from '../live/kind-watch.ts';
import type { AuthenticationState } from './relay-authentication.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';

/** `waiting`: to be dialled again; `banned`: the same, but for longer, after rubbish or forged events. */
export type RelayState = 'connecting' | 'connected' | 'live' | 'waiting' | 'banned';

/**
 * Why a relay does not serve a kind: the prefix of its CLOSED (NIP-01, NIP-42), or
 * - `live-only`: it serves them live, and refuses what it has stored, so that gaps are not caught up on;
 * - `unreliable`: it serves them live, and contradicts itself in what it has stored, so that gaps may not be caught up on;
 * - `withheld`: it has sent none, while other relays have sent many;
 * - `unconfirmed`: it asks for authentication and has sent no gift wrap yet, which it may keep from third parties (NIP-17).
 */
export type Restriction = ReasonPrefix | StoredTrouble | 'withheld' | 'unconfirmed';

/** One relay, as the status, the metrics and the readiness show it. */
export interface RelayStatus {
  /** The relay's host. */
  readonly relay: string;
  /** Its scheme and host: a path or a query may be a secret. */
  readonly url: string;
  readonly state: RelayState;
  /** The kinds that are subscribed to and past EOSE. */
  readonly liveKinds: readonly number[];
  /** Those of them that nothing speaks against. */
  readonly served: readonly number[];
  readonly restricted: readonly { readonly kind: WakingKind; readonly reason: Restriction }[];
  /** The kinds of which something was missed and is being caught up on, or will be. */
  readonly recovering: readonly number[];
  readonly authentication: AuthenticationState;
  /** Connections after the first. */
  readonly reconnects: number;
  /** Named by a Mostro instance and not by the operator. */
  readonly discovered: boolean;
  /** Since when there is no connection (milliseconds), and why it was lost or not reached; absent while there is one. */
  readonly lost?: { readonly since: number; readonly reason: string };
}

/** So many events of a kind from other relays, and none from this one, are no accident any more. */
const WITHHELD_AFTER = 10;

export interface RelayStatusOptions extends Pick<
  RelayStatus,
  'relay' | 'url' | 'authentication' | 'reconnects' | 'discovered' | 'lost'
> {
  /** The state of the connection. */
  readonly state: Exclude<RelayState, 'live'>;
  readonly watches: readonly KindWatch[];
}

/** Sums up a relay from what is known of its kinds. */
export function relayStatus({ watches, ...options }: RelayStatusOptions): RelayStatus {
  const live = watches.filter(({ isLive }) => isLive);
  const restricted = watches.flatMap((watch) => {
    const reason = restriction(watch, options.authentication);
    return reason === undefined ? [] : [{ kind: watch.kind, reason }];
  });
  return {
    ...options,
    state: live.length > 0 ? 'live' : options.state,
    liveKinds: kindsOf(live),
    served: kindsOf(live.filter(({ kind }) => !restricted.some((one) => one.kind === kind))),
    restricted,
    recovering: kindsOf(watches.filter(({ hasGap, isLive }) => isLive && hasGap)),
  };
}

function restriction(watch: KindWatch, authentication: AuthenticationState): Restriction | undefined {
  if (watch.refusal !== undefined) return watch.refusal;
  if (watch.storedTrouble !== undefined) return watch.storedTrouble;
  if (!watch.isLive || watch.events > 0) return undefined;
  if (watch.eventsElsewhere >= WITHHELD_AFTER) return 'withheld';
  return authentication !== 'none' && watch.kind === GIFT_WRAP_KIND ? 'unconfirmed' : undefined;
}

function kindsOf(watches: readonly KindWatch[]): number[] {
  return watches.map(({ kind }) => kind);
}
