import { SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import type { Registration } from '../registry/registration.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';

/** The Mostro instances that vouch for events. */
export interface KnownInstances {
  /** `MOSTRO_PUBKEYS`, in lower-case hex; empty for any. */
  readonly authors: ReadonlySet<string>;
  /** Whether this public key is that of the instance that the registration of a trade key named ({@link Registration.instance}). */
  readonly isInstance: (instance: number, tradePubkey: TradePubkey, pubkey: string) => boolean;
}

type Authored = Pick<NostrEvent, 'kind' | 'pubkey'>;

/** Whether the event is a signed message of an author outside `MOSTRO_PUBKEYS`, if that is set. Such an event counts for conversations only (contract 2, 1.1). */
export function isByOther({ kind, pubkey }: Authored, authors: ReadonlySet<string>): boolean {
  return kind === SIGNED_MESSAGE_KIND && authors.size > 0 && !authors.has(pubkey);
}

/**
 * Whether an event counts as vouched for a registration (contract 5): a signed message by one of `MOSTRO_PUBKEYS`, or by the instance
 * that the registration named, for a trade. Anybody can publish the other events, so they must not delay a vouched one.
 *
 * @param event verified or not: before the event is verified, its author is only a claim
 */
export function isVouchedFor(
  {
    instance,
    isConversation,
    tradePubkey,
  }: Pick<Registration, 'instance' | 'isConversation' | 'tradePubkey'>,
  { kind, pubkey }: Authored,
  { authors, isInstance }: KnownInstances,
): boolean {
  if (kind !== SIGNED_MESSAGE_KIND || isConversation === true) return false;
  return authors.has(pubkey) || (instance !== undefined && isInstance(instance, tradePubkey, pubkey));
}
