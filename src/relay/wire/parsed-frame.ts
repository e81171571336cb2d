import type { NostrEvent } from '../../core/nostr/nostr-event.ts';
import type { KeyLookup } from '../../core/nostr/recipients.ts';
import { recipientsOf, type Recipients } from '../../core/nostr/recipients.ts';
import type { EventFrame } from './event-frame.ts';
import type { EventOutline } from './unsound-event.ts';
import { fingerprintOf } from './fingerprint.ts';
import { writtenMembers } from './written-members.ts';

const OBJECT = '{';

export interface ParsedFrameParts {
  readonly subscription: string;
  /** The whole frame. */
  readonly bytes: Buffer;
  readonly outline: EventOutline;
  /** Absent where the event is unsound. */
  readonly event: NostrEvent | undefined;
}

/** An EVENT frame of an unusual form, which `JSON.parse` has read. */
export class ParsedFrame implements EventFrame {
  readonly recipients: Recipients;
  readonly #parts: ParsedFrameParts;

  constructor(parts: ParsedFrameParts) {
    this.recipients = recipientsOf(parts.outline.tags);
    this.#parts = parts;
  }

  get subscription(): string {
    return this.#parts.subscription;
  }

  get id(): string {
    return this.#parts.outline.id;
  }

  get kind(): number {
    return this.#parts.outline.kind;
  }

  get createdAt(): number {
    return this.#parts.outline.created_at;
  }

  get isCrowded(): boolean {
    return this.recipients.crowded;
  }

  isFor(holds: KeyLookup): boolean {
    return this.recipients.isFor(holds);
  }

  fingerprint(): string {
    const { bytes } = this.#parts;
    // The same event may come for another subscription, which is one of ours and has no brace, however the relay spells it.
    return fingerprintOf(bytes.subarray(bytes.indexOf(OBJECT)));
  }

  parse(): NostrEvent | undefined {
    const { bytes, event } = this.#parts;
    return event && { ...event, written: writtenMembers(bytes) };
  }
}
