import type { EventFrame } from './event-frame.ts';
import type { ReasonPrefix } from './relay-message.ts';
import type { Filter, RelaySession } from './relay-session.ts';

/** A page that is still coming after so many times the patience for a pause in it counts as unanswered. */
const PATIENCE_FACTOR = 4;

/** How a page ended: by EOSE, with its connection, or as if by a CLOSED with this reason. */
export type PageEnd = 'eose' | 'lost' | ReasonPrefix;

export interface PageRequest {
  readonly session: RelaySession;
  readonly filter: Filter;
  /** How long the relay may pause, in milliseconds. */
  readonly timeoutMs: number;
  /** Aborted when the connection ends. */
  readonly signal: AbortSignal;
  /** @returns whether there may be more events */
  readonly onEvent: (frame: EventFrame) => boolean;
  /** An event of the page was too long to be read. */
  readonly onTooLong: () => void;
}

/** Asks a relay for stored events once. The subscription is closed behind it, however it ends. */
export function askPage({
  session,
  filter,
  timeoutMs,
  signal,
  onEvent,
  onTooLong,
}: PageRequest): Promise<PageEnd> {
  return new Promise((resolve) => {
    const settle = (end: PageEnd): void => {
      clearTimeout(pause);
      clearTimeout(patience);
      signal.removeEventListener('abort', onLost);
      if (end !== 'lost') session.unsubscribe(id);
      resolve(end);
    };
    const onLost = (): void => settle('lost');
    // A relay that never says EOSE has said all that it will; one that does owes it.
    const onPause = (): void => settle(session.sendsEose ? 'error' : 'eose');
    const pause = setTimeout(onPause, timeoutMs);
    const patience = setTimeout(() => settle('error'), PATIENCE_FACTOR * timeoutMs);
    signal.addEventListener('abort', onLost, { once: true });
    const id = session.subscribe(filter, {
      onEvent: (frame) => {
        if (!filter.kinds.includes(frame.kind)) return false;
        pause.refresh();
        if (!onEvent(frame)) settle('error');
        return true;
      },
      onEose: () => {
        settle('eose');
        return true;
      },
      onClosed: settle,
      onTooLong: () => {
        pause.refresh();
        onTooLong();
      },
    });
  });
}
