/** What a subscription is for: live events, the relay lists of Mostro instances, or one page of stored events. */
export type SubscriptionUse = 'live' | 'lists' | 'page';

/**
 * How the subscriptions of one connection share the places that the relay allows.
 * - `apart`: each has a place of its own. A live subscription is asked for again beside the old one.
 * - `in place`: each kind and the lists have one place. A live subscription is asked for again under its own id, which replaces it (NIP-01).
 * - `live together`: all live subscriptions are one REQ with several filters. Pages have the other place.
 * - `together`: there is one REQ. A page is a further filter of it.
 */
export type Arrangement = 'apart' | 'in place' | 'live together' | 'together';

export interface WantedSubscriptions {
  /** How many kinds are subscribed to. */
  readonly kinds: number;
  /** Whether relay lists are subscribed to. */
  readonly lists: boolean;
}

/** @param places how many subscriptions the relay allows; absent if nothing is known of a limit */
export function arrangementFor(
  places: number | undefined,
  { kinds, lists }: WantedSubscriptions,
): Arrangement {
  const standing = kinds + (lists ? 1 : 0);
  // At worst, everything is asked for again at the same time, beside a page.
  if (places === undefined || places > 2 * standing) return 'apart';
  if (places > standing) return 'in place';
  return places > 1 ? 'live together' : 'together';
}

/** The REQ that a subscription shares with others of the same name; `undefined` if it has one of its own. */
export function sharedRequest(
  arrangement: Arrangement,
  use: SubscriptionUse,
  kinds: readonly number[],
): string | undefined {
  if (arrangement === 'apart') return undefined;
  if (arrangement === 'together') return 'all';
  if (use === 'page') return undefined;
  return arrangement === 'live together' ? 'live' : `${use} ${kinds.join()}`;
}
