import type { SubscriptionFrame } from '../wire/event-frame.ts';

/** How many closed subscriptions are remembered. */
const MOST = 32;
/** For a closed subscription, one EOSE and one CLOSED may still come. */
const ENDS_UNDER_WAY = 2;

export type LateListener = (frame: SubscriptionFrame) => void;

interface ClosedSubscription {
  /** How many more EOSE or CLOSED may come for it. */
  endsLeft: number;
  readonly onLate: LateListener | undefined;
}

/** The subscriptions that were closed last. A relay may have sent messages for one before it saw our CLOSE. Such messages are no rubbish. */
export class ClosedSubscriptions {
  /** By their ids, the oldest first. */
  readonly #closed = new Map<string, ClosedSubscription>();

  /** @param onLate gets the events that still come for the subscription */
  add(id: string, onLate: LateListener | undefined): void {
    this.#closed.set(id, { endsLeft: ENDS_UNDER_WAY, onLate });
    if (this.#closed.size <= MOST) return;
    const [oldest] = this.#closed.keys();
    if (oldest !== undefined) this.#closed.delete(oldest);
  }

  /** @returns whether the event may still come */
  onEvent(frame: SubscriptionFrame): boolean {
    const closed = this.#closed.get(frame.subscription);
    closed?.onLate?.(frame);
    return closed !== undefined;
  }

  /** EOSE or CLOSED has come. @returns whether it may still come */
  onEnd(id: string): boolean {
    const closed = this.#closed.get(id);
    if (closed === undefined || closed.endsLeft === 0) return false;
    closed.endsLeft--;
    return true;
  }
}
