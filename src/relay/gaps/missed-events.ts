import { MINUTE_MS, SECOND_MS } from '../../core/basics/clock.ts';
import { SIGNED_MESSAGE_KIND } from '../../core/nostr/nostr-event.ts';
import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { KindWatch } from '../live/kind-watch.ts';

/** A younger event may still come live. An audit counts it the next time. */
const ON_ITS_WAY_MS = MINUTE_MS;

/**
 * Tells by an audit's pages whether the relay has dropped any kind 14, whoever it was for. The beat of the audits depends on that. It must not
 * depend on the events for registered keys alone: a relay could hold an event back, and see by the next audit whether its key is registered.
 * The time of a gift wrap is not its true one, so gift wraps tell nothing.
 */
export class MissedEvents {
  readonly #heardForUs: ReadonlySet<number>;
  readonly #from: number;
  readonly #to: number;
  /** Whether the relay has dropped an event. */
  any = false;

  /**
   * @param since when the last audit was, in milliseconds
   * @param now milliseconds
   */
  constructor({ heard, heardForUs, kind }: KindWatch, since: number, now: number) {
    this.#heardForUs = heardForUs.all();
    const isRemembered = Math.max(heard.since, heardForUs.since) < since - ON_ITS_WAY_MS;
    const tells = kind === SIGNED_MESSAGE_KIND && isRemembered;
    this.#from = tells ? (since - ON_ITS_WAY_MS) / SECOND_MS : Infinity;
    this.#to = (now - ON_ITS_WAY_MS) / SECOND_MS;
  }

  /** Whether an event for a registered key has come live, whatever became of it. */
  cameLive({ mark }: Pick<SubscriptionFrame, 'mark'>): boolean {
    return this.#heardForUs.has(mark);
  }

  /** An event of a page has come that was not for a stranger and heard live. */
  note(frame: Pick<SubscriptionFrame, 'createdAt' | 'mark'>): void {
    const { createdAt } = frame;
    if (createdAt >= this.#from && createdAt < this.#to && !this.cameLive(frame)) this.any = true;
  }
}
