import type { WakeEnd } from '../lanes/wake.ts';

/**
 * How an event came to this server:
 * - `live`: after the EOSE of its subscription.
 * - `stored`: before the EOSE of the first subscription to a relay that was reached at the first try after the start. It may be
 *   older than any registration.
 * - a {@link Recovery}: the event fell into a gap, which that recovery asks the relay for.
 */
export type EventOrigin = 'live' | 'stored' | Recovery;

export interface RecoveryOptions {
  /** Whether the live subscription was there when the events were published. An event that a wake absorbed live, before that wake was sent, then counts as known. */
  readonly isAudit?: boolean;
  /** Whether all wakes are sent when the recovery ends. Then each is sent after the last event that it absorbs, even if that event came live. */
  readonly gathers?: boolean;
}

/**
 * The wakes of one recovery. A recovery gives a device at most one wake (contract 2), so it remembers which devices it has woken.
 * Devices that are always woken together have it together. A further event for such a device is *absorbed*: it causes no wake.
 *
 * An absorbed event must not count as seen while the recovery lasts. If it was published after the device was woken, it also comes
 * live, and then it has to wake.
 */
export class Recovery {
  readonly #wakes = new Map<string, Promise<WakeEnd>>();
  readonly #absorbed = new Map<string, Promise<WakeEnd>>();
  #onWakesEnded: () => void = () => undefined;
  /** Resolves when the recovery and all of its wakes have ended. */
  readonly wakesEnded = new Promise<void>((resolve) => (this.#onWakesEnded = resolve));
  readonly #onEnd: (absorbed: ReadonlyMap<string, Promise<WakeEnd>>) => void;
  /** Whether the recovery looks for events that the relay dropped while the live subscription was there. */
  readonly isAudit: boolean;
  /** Resolves when the wakes may be sent; absent: each is sent at once. */
  readonly #gathered: Promise<void> | undefined;
  #release: () => void = () => undefined;
  #hasEnded = false;

  /** @param onEnd called with the ids of the absorbed events; for each id, how the wake ends that absorbed its event */
  constructor(
    onEnd: (absorbed: ReadonlyMap<string, Promise<WakeEnd>>) => void,
    { gathers = false, isAudit = false }: RecoveryOptions = {},
  ) {
    this.#onEnd = onEnd;
    this.isAudit = isAudit;
    if (gathers) this.#gathered = new Promise((resolve) => (this.#release = resolve));
  }

  /** Whether any of these has had its wake. @param groups devices, or what their policy calls those that it wakes together (`WakePolicy.groupOf`) */
  hasWoken(groups: readonly string[]): boolean {
    return groups.some((group) => this.#wakes.has(group));
  }

  /** Sends the group its one wake, or joins the wake that was sent before. After a dropped wake the next event may try again. */
  async once(group: string, send: () => Promise<WakeEnd>): Promise<WakeEnd> {
    const sent = this.#wakes.get(group);
    if (sent !== undefined) return sent;
    const wake = this.#gathered === undefined ? send() : this.#gathered.then(send);
    this.#wakes.set(group, wake);
    const end = await wake;
    if (end === 'dropped') this.#wakes.delete(group);
    return end;
  }

  /** @param end how the wake ends that absorbs the event */
  absorb(id: string, end: Promise<WakeEnd>): void {
    if (this.#hasEnded) this.#onEnd(new Map([[id, end]]));
    else this.#absorbed.set(id, end);
  }

  /** @param isSound whether the live subscription was up all the time; see `RecoveryIntake` */
  end(isSound: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#release();
    void Promise.allSettled(this.#wakes.values()).then(this.#onWakesEnded);
    // As if each of their wakes had been dropped: the events may wake again.
    const dropped = Promise.resolve<WakeEnd>('dropped');
    this.#onEnd(isSound ? this.#absorbed : new Map([...this.#absorbed.keys()].map((id) => [id, dropped])));
  }
}
