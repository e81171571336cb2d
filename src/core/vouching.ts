import { SIGNED_MESSAGE_KIND, type NostrEvent } from './nostr-event.ts';
import type { Registration } from './registration.ts';

/** A registration that an event is for. */
export interface Addressee extends Registration {
  /** Whether the event, if it is genuine, is a vouched one for this registration. */
  readonly isVouched: boolean;
}

/**
 * Whether an event counts as vouched for a registration (contract 5): a signed message by one of the server's own instances. Anybody
 * can publish any other event, so that those must not be able to delay this one.
 *
 * @param event of which the author is read, whether or not it has been verified: before that, the answer is only its claim
 * @param authors `MOSTRO_PUBKEYS`, in lower-case hex
 */
export function isVouchedFor(
  { kind, pubkey }: Pick<NostrEvent, 'kind' | 'pubkey'>,
  authors: ReadonlySet<string>,
): boolean {
  return kind === SIGNED_MESSAGE_KIND && authors.has(pubkey);
}
