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

/** Why a device is owed a wake. */
export type OwedReason = 'deadline' | 'refused' | 'overload' | 'suspect';

/** What a lane does with a wake after a delivery (contract 5). Waits are in milliseconds. */
export type Consequence =
  /** The registration's time to live starts again. */
  | { readonly next: 'renew' }
  /** The device is evicted: its registrations are removed. */
  | { readonly next: 'evict' }
  /** The lane tries again after a wait, for as long as the wake's deadline allows. */
  | { readonly next: 'retry'; readonly waitMs: number }
  | Owing;

/** The wake is given up for now; its device is owed one. */
export interface Owing {
  readonly next: 'owe';
  readonly reason: OwedReason;
  /** The wait before the next attempt. */
  readonly waitMs: number;
  /** The push service asked for the wait, so no new event shortens it. */
  readonly isFirm: boolean;
}

/** The one table from outcome to consequence. `lane-judge.ts` has the exceptions. */
export const CONSEQUENCES = {
  delivered: 'renew',
  gone: 'evict',
  retry: 'retry',
  refused: 'owe',
} as const satisfies Readonly<Record<DeliveryOutcome, Consequence['next']>>;

/** Whether the push service wants the device to be left alone for a while: "too many", or a time to wait. */
export function wantsRest(delivery: Delivery): boolean {
  return delivery.outcome === 'retry' && (delivery.throttled === true || delivery.afterMs !== undefined);
}
