import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { ReasonPrefix } from '../wire/relay-message.ts';
import type { Filter, RelaySession } from '../live/relay-session.ts';

/** A page that is still coming after so many times the patience for a pause in it counts as unanswered. */
export const PATIENCE_FACTOR = 4;
/** A relay whose events come after EOSE is waited for so many times the usual, at the most: live events come too. */
const LINGERS = 10;
/** So many events after the EOSE of a page are no live ones that happen to match it: this relay's EOSE comes too early. */
const LATE_THAT_TELL = 5;

/** How a page ended: by EOSE, without any word (`silent`), with its connection, or as if by a CLOSED with this reason. */
export type PageEnd = 'eose' | 'silent' | 'lost' | ReasonPrefix;

export interface PageRequest {
  readonly session: RelaySession;
  readonly filter: Filter;
  /** How long the relay may pause, in milliseconds. */
  readonly timeoutMs: number;
  /** How long an empty page is kept open after its EOSE, in milliseconds, where events may come after it. */
  readonly lingerMs: number;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
  /** @returns whether there may be more events */
  readonly onEvent: (frame: SubscriptionFrame) => boolean;
  /** An event of the page was too long to be read. */
  readonly onTooLong: () => void;
  /** Told of events that come when the page has ended. @param isEarly whether EOSE came too early: the page may have had more */
  readonly onLate: (frame: SubscriptionFrame, isEarly: boolean) => void;
}

/** Asks a relay for stored events once. The subscription is closed behind it, however it ends. */
export function askPage(request: PageRequest): Promise<PageEnd> {
  return new Promise((resolve) => void new AskedPage(request, resolve));
}

/** One REQ for stored events, from the question to its end. */
class AskedPage {
  readonly #request: PageRequest;
  readonly #resolve: (end: PageEnd) => void;
  readonly #id: string;
  readonly #pause: NodeJS.Timeout;
  readonly #patience: NodeJS.Timeout;
  /** Running once EOSE has come and events may follow. */
  #linger: NodeJS.Timeout | undefined;
  #lingered: NodeJS.Timeout | undefined;
  #events = 0;
  #late = 0;

  constructor(request: PageRequest, resolve: (end: PageEnd) => void) {
    const { filter, session, signal, timeoutMs } = request;
    this.#request = request;
    this.#resolve = resolve;
    this.#pause = setTimeout(() => this.#onPause(), timeoutMs);
    this.#patience = setTimeout(() => this.#settle('error'), PATIENCE_FACTOR * timeoutMs);
    signal.addEventListener('abort', this.#onLost, { once: true });
    this.#id = session.subscribe(filter, {
      onEvent: (frame) => this.#onEvent(frame),
      onEose: () => this.#onEose(),
      onClosed: (reason) => this.#settle(reason),
      onTooLong: () => this.#onTooLong(),
    });
  }

  readonly #onLost = (): void => this.#settle('lost');

  /** A relay that never says EOSE has said all that it will; one that does owes it. */
  #onPause(): void {
    const { sendsEose } = this.#request.session;
    if (sendsEose) this.#settle('error');
    else this.#settle(this.#events === 0 ? 'silent' : 'eose');
  }

  #onTooLong(): void {
    this.#noteEvent();
    this.#request.onTooLong();
  }

  #noteEvent(): void {
    this.#events++;
    this.#pause.refresh();
    if (this.#linger !== undefined) this.#request.session.isEoseLast = false;
    this.#linger?.refresh();
  }

  #onEvent(frame: SubscriptionFrame): boolean {
    const { filter, onEvent } = this.#request;
    if (!filter.kinds.includes(frame.kind)) return false;
    this.#noteEvent();
    if (!onEvent(frame)) this.#settle('error');
    return true;
  }

  /** Events have to come before it. Where that is not known, an empty page is kept open for a moment. */
  #onEose(): boolean {
    if (this.#linger !== undefined) return false;
    const { lingerMs, session } = this.#request;
    if (this.#events > 0) session.isEoseLast ??= true;
    if (session.isEoseLast === true) this.#settle('eose');
    else {
      clearTimeout(this.#pause);
      this.#linger = setTimeout(() => this.#settle('eose'), lingerMs);
      this.#lingered = setTimeout(() => this.#settle('eose'), LINGERS * lingerMs);
    }
    return true;
  }

  #onLate(frame: SubscriptionFrame): void {
    const { filter, onLate, session } = this.#request;
    if (!filter.kinds.includes(frame.kind)) return;
    session.hasLateEvents = true;
    // Once for a connection: from then on every page is waited for.
    const isEarly = ++this.#late === LATE_THAT_TELL && session.isEoseLast !== false;
    if (isEarly) session.isEoseLast = false;
    onLate(frame, isEarly);
  }

  #settle(end: PageEnd): void {
    const { session, signal } = this.#request;
    for (const timer of [this.#pause, this.#patience, this.#linger, this.#lingered]) clearTimeout(timer);
    signal.removeEventListener('abort', this.#onLost);
    if (end !== 'lost')
      session.unsubscribe(this.#id, end === 'eose' ? (frame) => this.#onLate(frame) : undefined);
    this.#resolve(end);
  }
}
