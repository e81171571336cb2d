import type { NostrEvent } from '../core/nostr-event.ts';
import type { KeyLookup } from '../core/ports.ts';
import { recipientsOf, type Recipients } from '../core/recipients.ts';
import type { EventFrame } from './event-frame.ts';

/** An EVENT frame of an unusual form, which `JSON.parse` has read. */
export class ParsedFrame implements EventFrame {
  readonly subscription: string;
  readonly recipients: Recipients;
  readonly #event: NostrEvent;

  constructor(subscription: string, event: NostrEvent) {
    this.subscription = subscription;
    this.recipients = recipientsOf(event.tags);
    this.#event = event;
  }

  get id(): string {
    return this.#event.id;
  }

  get kind(): number {
    return this.#event.kind;
  }

  get createdAt(): number {
    return this.#event.created_at;
  }

  get isCrowded(): boolean {
    return this.recipients.crowded;
  }

  isFor(holds: KeyLookup): boolean {
    return this.recipients.isFor(holds);
  }

  parse(): NostrEvent {
    return this.#event;
  }
}
