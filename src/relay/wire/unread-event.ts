import type { NostrEvent, WrittenMembers } from '../../core/nostr/nostr-event.ts';
import { parseJson } from '../../core/basics/parse-json.ts';

/** An event whose content is parsed only on demand. The content is most of an event's bytes, and a wake does not depend on it. */
export class UnreadEvent implements NostrEvent {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: NostrEvent['tags'];
  readonly sig: string;
  readonly written: WrittenMembers;

  constructor(
    { id, pubkey, created_at, kind, tags, sig }: Omit<NostrEvent, 'content'>,
    written: WrittenMembers,
  ) {
    this.id = id;
    this.pubkey = pubkey;
    this.created_at = created_at;
    this.kind = kind;
    this.tags = tags;
    this.sig = sig;
    this.written = written;
  }

  /** The content; empty if its bytes are not a JSON string, since such a content cannot have been signed. */
  get content(): string {
    const content = parseJson(Buffer.from(this.written.content).toString('utf8'));
    return typeof content === 'string' ? content : '';
  }
}
