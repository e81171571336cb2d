/** What a wake says to the app: an event for one of its trades, or a chat message that its sender announced. */
export type WakeKind = 'silent_wake' | 'chat_wake';

/** An empty push: nothing of the event, the trade or the key is in it (contract 4). */
export interface Wake {
  readonly kind: WakeKind;
  /** Unix seconds. */
  readonly timestamp: number;
}

/** How one attempt to deliver a wake ended. The union is closed: every provider speaks it, and only it. */
export type Delivery =
  /** The push service took it. */
  | { readonly outcome: 'delivered' }
  /** The push service says this device will never be reachable again. */
  | { readonly outcome: 'gone' }
  /** It may work later; `afterMs` is what the push service asked for. */
  | { readonly outcome: 'retry'; readonly reason: string; readonly afterMs?: number }
  /** Configuration, or our own mistake: trying again changes nothing, and the device is not to blame. */
  | { readonly outcome: 'refused'; readonly reason: string };

export type DeliveryOutcome = Delivery['outcome'];

/** What follows from an outcome. */
export interface Consequence {
  /** The registration's time to live starts again. */
  readonly renews: boolean;
  /** The device is forgotten, with every trade pubkey that points at it. */
  readonly forgets: boolean;
  /** The event counts as dealt with: a further copy of it wakes nobody. */
  readonly settlesEvent: boolean;
}

/** The one table from outcome to consequence (contract 5). */
export const CONSEQUENCES: Readonly<Record<DeliveryOutcome, Consequence>> = {
  delivered: { renews: true, forgets: false, settlesEvent: true },
  gone: { renews: false, forgets: true, settlesEvent: true },
  retry: { renews: false, forgets: false, settlesEvent: false },
  refused: { renews: false, forgets: false, settlesEvent: true },
};
