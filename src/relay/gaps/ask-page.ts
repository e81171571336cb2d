import type { SubscriptionFrame } from '../wire/event-frame.ts';
import type { EoseHint, ReasonPrefix } from '../wire/relay-message.ts';
import type { RelaySession } from '../live/relay-session.ts';
import type { Filter } from '../live/subscription.ts';

/** A page may take this many times `timeoutMs` in all. Then it counts as refused. */
export const PATIENCE_FACTOR = 4;
/** After EOSE, a page with late events stays open for this many times `lingerMs` at most. */
const LINGERS = 10;
/** If so many events of a page come after its EOSE, this relay sends EOSE too early. Fewer may be live events that happen to match. */
const LATE_THAT_TELL = 5;

/** How a page ended: by EOSE, with or without a hint, without an event or EOSE (`silent`), with the connection (`lost`), or by CLOSED with this reason. */
export type PageEnd = 'eose' | EoseHint | 'silent' | 'lost' | ReasonPrefix;

/** Whether the page ended by EOSE. */
export function isEose(end: PageEnd | undefined): end is 'eose' | EoseHint {
  return end === 'eose' || end === 'finish' || end === 'more';
}

export interface PageRequest {
  readonly session: RelaySession;
  readonly filter: Filter;
  /** How long the relay may pause within the page, in milliseconds. */
  readonly timeoutMs: number;
  /** How long an empty page stays open after EOSE, at a relay that may send events after EOSE, in milliseconds. */
  readonly lingerMs: number;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
  /** @returns whether more events may come */
  readonly onEvent: (frame: SubscriptionFrame) => boolean;
  /** An event of the page was too long to be read. */
  readonly onTooLong: () => void;
  /** An event came after the page had ended. @param isEarly whether this shows that EOSE came too early, so the page may have lacked events */
  readonly onLate: (frame: SubscriptionFrame, isEarly: boolean) => void;
}

/** Asks a relay for one page of stored events, and closes the subscription afterwards. */
export function askPage(request: PageRequest): Promise<PageEnd> {
  return new Promise((resolve) => void new AskedPage(request, resolve));
}

/** One page, from its REQ to its end. */
class AskedPage {
  readonly #request: PageRequest;
  readonly #resolve: (end: PageEnd) => void;
  readonly #id: string;
  readonly #pause: NodeJS.Timeout;
  readonly #patience: NodeJS.Timeout;
  /** Runs between EOSE and the end, if events may still come. */
  #linger: NodeJS.Timeout | undefined;
  #lingered: NodeJS.Timeout | undefined;
  #events = 0;
  #late = 0;

  constructor(request: PageRequest, resolve: (end: PageEnd) => void) {
    const { filter, session, signal, timeoutMs } = request;
    this.#request = request;
    this.#resolve = resolve;
    this.#pause = setTimeout(() => this.#onPauseTooLong(), timeoutMs);
    this.#patience = setTimeout(() => this.#end('error'), PATIENCE_FACTOR * timeoutMs);
    signal.addEventListener('abort', this.#onLost, { once: true });
    this.#id = session.subscribe(
      filter,
      {
        onEvent: (frame) => this.#onEvent(frame),
        onEose: (hint) => this.#onEose(hint),
        onClosed: (reason) => this.#end(reason),
        onTooLong: () => this.#onTooLong(),
      },
      'page',
    );
  }

  readonly #onLost = (): void => this.#end('lost');

  /** The relay has paused for too long. If it never sends EOSE, the page is over. If it does send EOSE, the page has failed. */
  #onPauseTooLong(): void {
    const { sendsEose } = this.#request.session;
    if (sendsEose) this.#end('error');
    else this.#end(this.#events === 0 ? 'silent' : 'eose');
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
    if (!onEvent(frame)) this.#end('error');
    return true;
  }

  /** The events of a page should come before EOSE. Until the relay has shown that it does so, an empty page stays open for a moment. */
  #onEose(hint: EoseHint | undefined): boolean {
    if (this.#linger !== undefined) return false;
    const { lingerMs, session } = this.#request;
    if (this.#events > 0) session.isEoseLast ??= true;
    if (session.isEoseLast === true) this.#endBy(hint);
    else {
      clearTimeout(this.#pause);
      this.#linger = setTimeout(() => this.#endBy(hint), lingerMs);
      this.#lingered = setTimeout(() => this.#endBy(hint), LINGERS * lingerMs);
    }
    return true;
  }

  /** A page without an event, of which the relay says that there is more, counts as refused: nothing shows where to go on. */
  #endBy(hint: EoseHint | undefined): void {
    this.#end(hint === 'more' && this.#events === 0 ? 'error' : (hint ?? 'eose'));
  }

  #onLate(frame: SubscriptionFrame): void {
    const { filter, onLate, session } = this.#request;
    if (!filter.kinds.includes(frame.kind)) return;
    session.hasLateEvents = true;
    // Reported once for a connection. From then on every page stays open after EOSE.
    const isEarly = ++this.#late === LATE_THAT_TELL && session.isEoseLast !== false;
    if (isEarly) session.isEoseLast = false;
    onLate(frame, isEarly);
  }

  #end(end: PageEnd): void {
    const { session, signal } = this.#request;
    for (const timer of [this.#pause, this.#patience, this.#linger, this.#lingered]) clearTimeout(timer);
    signal.removeEventListener('abort', this.#onLost);
    if (end !== 'lost')
      session.unsubscribe(this.#id, isEose(end) ? (frame) => this.#onLate(frame) : undefined);
    this.#resolve(end);
  }
}
