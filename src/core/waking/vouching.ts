import { SIGNED_MESSAGE_KIND, type NostrEvent } from '../nostr/nostr-event.ts';
import type { Registration } from '../registry/registration.ts';
import type { TradePubkey } from '../registry/trade-pubkey.ts';

/** A registration that an event is for. */
export interface Addressee extends Registration {
  /** `deviceOf(target)`: made once for the event, and looked up many times. */
  readonly device: string;
  /** Whether the event, if it is genuine, is a vouched one for this registration. */
  readonly isVouched: boolean;
}

/** Which Mostro instances there are. */
export interface KnownInstances {
  /** `MOSTRO_PUBKEYS`, in lower-case hex; empty for any. */
  readonly authors: ReadonlySet<string>;
  /** Whether what the registration of a trade key remembers of its instance ({@link Registration.instance}) is that of this public key. */
  readonly isInstance: (instance: number, tradePubkey: TradePubkey, pubkey: string) => boolean;
}

type Authored = Pick<NostrEvent, 'kind' | 'pubkey'>;

/** Whether the event is a signed message by none of `MOSTRO_PUBKEYS`, where there are any: it counts for conversations alone (contract 2, 1.1). */
export function isByOther({ kind, pubkey }: Authored, authors: ReadonlySet<string>): boolean {
  return kind === SIGNED_MESSAGE_KIND && authors.size > 0 && !authors.has(pubkey);
}

/**
 * Whether an event counts as vouched for a registration (contract 5): a signed message by one of `MOSTRO_PUBKEYS`, or by the instance
 * that the registration named, for a trade. Anybody can publish any other event, so that those must not be able to delay this one.
 *
 * @param event of which the author is read, whether or not it has been verified: before that, the answer is only its claim
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
