import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { EoseHint, ReasonPrefix } from '../wire/relay-message.ts';

/** The members of a NIP-01 filter that this server uses. */
export interface Filter {
  readonly kinds: readonly number[];
  readonly ids?: readonly string[];
  readonly authors?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
}

/** Gets what a relay sends for one subscription. */
export interface SubscriptionListener {
  /** @returns whether the event was asked for; one that was not is rubbish */
  onEvent(frame: SubscriptionFrame): boolean;
  /**
   * @param hint absent if the relay gives none, or if the subscription shares its REQ with others
   * @returns whether an EOSE was still to come
   */
  onEose(hint?: EoseHint): boolean;
  onClosed(reason: ReasonPrefix): void;
  /** An event was left out because it was too long. */
  onTooLong?(): void;
}
