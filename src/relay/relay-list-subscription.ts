import { Backoff } from '../core/backoff.ts';
import type { NostrEvent } from '../core/nostr-event.ts';
import type { RelayConduct } from './relay-conduct.ts';
import type { RelaySession } from './relay-session.ts';
import type { RelayTiming } from './relay-timing.ts';

/** NIP-65. */
const RELAY_LIST_KIND = 10_002;

/** Where relay lists go that a relay hands in. */
export interface RelayListSink {
  readonly authors: readonly string[];
  /** `forged`: the relay vouched for something that is not so. */
  offer(event: NostrEvent): 'adopted' | 'ignored' | 'forged';
}

export interface RelayListSubscriptionParts {
  readonly session: RelaySession;
  readonly relayLists: RelayListSink;
  readonly conduct: RelayConduct;
  readonly timing: RelayTiming;
}

/** The subscription to the relay lists of the Mostro instances (contract 2), stored and to come. */
export class RelayListSubscription {
  readonly #parts: RelayListSubscriptionParts;
  readonly #backoff: Backoff;
  #retry: NodeJS.Timeout | undefined;

  constructor(parts: RelayListSubscriptionParts) {
    this.#parts = parts;
    this.#backoff = new Backoff(parts.timing.refused);
  }

  open(): void {
    const { conduct, relayLists, session } = this.#parts;
    const { authors } = relayLists;
    // One list for each author is all that a relay keeps of a replaceable kind.
    session.subscribe(
      { kinds: [RELAY_LIST_KIND], authors, limit: authors.length },
      {
        onEvent: (frame) => {
          const event = frame.kind === RELAY_LIST_KIND ? frame.parse() : undefined;
          if (event === undefined) return false;
          if (relayLists.offer(event) === 'forged') conduct.note('forged');
          return true;
        },
        onEose: () => true,
        // Without it nothing is lost that was not lost before: asked again now and then.
        onClosed: () => {
          this.#retry = setTimeout(() => this.open(), this.#backoff.next());
        },
      },
    );
  }

  close(): void {
    clearTimeout(this.#retry);
  }
}
