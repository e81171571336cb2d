/** What a push says to the app: an event for one of its trades, or a chat message that its sender announced. */
export type WakeKind = 'silent_wake' | 'chat_wake';

/** What is sent to a device: nothing of the event, the trade or the key is in it (contract 4). */
export interface Push {
  readonly kind: WakeKind;
  /** Unix seconds. */
  readonly timestamp: number;
}

/**
 * What an answer is about. `provider`: the push service as a whole, or our configuration for it. `platform`: one platform only, for
 * example iPhones if the APNs key of the Firebase project is refused. `device`: this device only.
 */
export type Concern = 'provider' | 'platform' | 'device';

/** How one attempt ended. Every provider answers with one of these, and with nothing else. */
export type Delivery =
  /** The push service took the push. */
  | { readonly outcome: 'delivered' }
  /** The push service says this device will never be reachable again. */
  | { readonly outcome: 'gone' }
  /**
   * It may work later. `afterMs`: the wait that the push service asked for. `throttled`: it said that we send too much. `concerns` is absent
   * if the answer does not tell what it is about. Then the number of devices tells (`lane-health.ts`).
   */
  | {
      readonly outcome: 'retry';
      readonly reason: string;
      readonly afterMs?: number;
      readonly throttled?: boolean;
      readonly concerns?: Exclude<Concern, 'provider'>;
    }
  /** The push service refuses the push, and would refuse it again. */
  | { readonly outcome: 'refused'; readonly reason: string; readonly blames: Concern };

export type DeliveryOutcome = Delivery['outcome'];

/** What follows from an outcome (contract 5) as a rule. `lane-judge.ts` has the exceptions. */
export type Consequence =
  /** The registration's time to live starts again. */
  | 'renew'
  /** The device is evicted: its registrations are removed. */
  | 'evict'
  /** The lane tries again after a wait, for as long as the wake's deadline allows. */
  | 'retry'
  /** The wake is given up for now; its device is owed one. */
  | 'owe';

/** The one table from outcome to consequence. */
export const CONSEQUENCES = {
  delivered: 'renew',
  gone: 'evict',
  retry: 'retry',
  refused: 'owe',
} as const satisfies Readonly<Record<DeliveryOutcome, Consequence>>;
