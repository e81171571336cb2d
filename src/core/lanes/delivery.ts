/** What a wake says to the app: an event for one of its trades, or a chat message that its sender announced. */
export type WakeKind = 'silent_wake' | 'chat_wake';

/** What is sent to a device: nothing of the event, the trade or the key is in it (contract 4). */
export interface Push {
  readonly kind: WakeKind;
  /** Unix seconds. */
  readonly timestamp: number;
}

/**
 * Whom an answer is about. `provider`: the push service as a whole, or our configuration for it. `platform`: one kind of device only,
 * for example iPhones where the APNs key of the Firebase project is refused. `device`: this device only.
 */
export type Concern = 'provider' | 'platform' | 'device';

/** How one attempt to deliver a wake ended. The union is closed: every provider speaks it, and only it. */
export type Delivery =
  /** The push service took it. */
  | { readonly outcome: 'delivered' }
  /** The push service says this device will never be reachable again. */
  | { readonly outcome: 'gone' }
  /**
   * It may work later; `afterMs` is what the push service asked for. `throttled`: it said that we send too much. `concerns` is absent
   * where the answer does not tell whom it is about: then the number of devices tells (`lane-health.ts`).
   */
  | {
      readonly outcome: 'retry';
      readonly reason: string;
      readonly afterMs?: number;
      readonly throttled?: boolean;
      readonly concerns?: Exclude<Concern, 'provider'>;
    }
  /** Trying again at once changes nothing. */
  | { readonly outcome: 'refused'; readonly reason: string; readonly blames: Concern };

export type DeliveryOutcome = Delivery['outcome'];

/** What follows from an outcome (contract 5), as far as nothing stands against it. */
export type Consequence =
  /** The registration's time to live starts again. */
  | 'renew'
  /** The device is forgotten, with every trade pubkey that points at it. */
  | 'forget'
  /** The lane tries again after a wait, for as long as the wake's deadline allows. */
  | 'retry'
  /** The wake is given up for now; its device is owed one. */
  | 'owe';

/** The one table from outcome to consequence. `lane-judge.ts` says what may stand against it. */
export const CONSEQUENCES = {
  delivered: 'renew',
  gone: 'forget',
  retry: 'retry',
  refused: 'owe',
} as const satisfies Readonly<Record<DeliveryOutcome, Consequence>>;
