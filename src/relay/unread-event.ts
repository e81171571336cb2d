import type { NostrEvent } from '../core/nostr-event.ts';
import { parseJson } from '../core/parse-json.ts';

/** An event but for its content, which is most of its bytes and says nothing to us: it is read when somebody asks for it. */
export class UnreadEvent implements NostrEvent {
  readonly id: string;
  readonly pubkey: string;
  readonly created_at: number;
  readonly kind: number;
  readonly tags: NostrEvent['tags'];
  readonly sig: string;
  readonly contentJson: Buffer;

  constructor({ id, pubkey, created_at, kind, tags, sig }: Omit<NostrEvent, 'content'>, contentJson: Buffer) {
    this.id = id;
    this.pubkey = pubkey;
    this.created_at = created_at;
    this.kind = kind;
    this.tags = tags;
    this.sig = sig;
    this.contentJson = contentJson;
  }

  /** Empty where what stands there is no JSON: it is not what anybody signed. */
  get content(): string {
    const content = parseJson(this.contentJson.toString('utf8'));
    return typeof content === 'string' ? content : '';
  }
}
