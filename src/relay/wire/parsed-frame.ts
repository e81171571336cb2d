import type { NostrEvent } from '../../core/nostr/nostr-event.ts';
import type { KeyLookup } from '../../core/nostr/recipients.ts';
import { recipientsOf, type Recipients } from '../../core/nostr/recipients.ts';
import type { SubscriptionFrame } from './event-frame.ts';
import type { EventOutline } from './unsound-event.ts';
import { fingerprintOf } from './fingerprint.ts';
import { writtenMembers } from './written-members.ts';

const OBJECT = '{';

export interface ParsedFrameOptions {
  readonly subscription: string;
  /** The whole frame. */
  readonly bytes: Buffer;
  readonly outline: EventOutline;
  /** Absent where the event is unsound. */
  readonly event: NostrEvent | undefined;
}

/** An EVENT frame of an unusual form, which `JSON.parse` has read. */
export class ParsedFrame implements SubscriptionFrame {
  readonly recipients: Recipients;
  readonly #options: ParsedFrameOptions;

  constructor(options: ParsedFrameOptions) {
    this.recipients = recipientsOf(options.outline.tags);
    this.#options = options;
  }

  get subscription(): string {
    return this.#options.subscription;
  }

  get id(): string {
    return this.#options.outline.id;
  }

  get kind(): number {
    return this.#options.outline.kind;
  }

  get createdAt(): number {
    return this.#options.outline.created_at;
  }

  get isCrowded(): boolean {
    return this.recipients.crowded;
  }

  isFor(holds: KeyLookup): boolean {
    return this.recipients.isFor(holds);
  }

  fingerprint(): string {
    const { bytes } = this.#options;
    // The same event may come for another subscription, which is one of ours and has no brace, however the relay spells it.
    return fingerprintOf(bytes.subarray(bytes.indexOf(OBJECT)));
  }

  parse(): NostrEvent | undefined {
    const { bytes, event } = this.#options;
    return event && { ...event, written: writtenMembers(bytes) };
  }
}
