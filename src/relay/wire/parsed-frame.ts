import { asNostrEvent, isTag, type NostrEvent, type WrittenMembers } from '../../core/nostr/nostr-event.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import type { KeyLookup } from '../../core/nostr/recipients.ts';
import { recipientsOf, type Recipients } from '../../core/nostr/recipients.ts';
import { fingerprintOf, markOf, type SubscriptionFrame } from './event-frame.ts';
import { readEventId } from './event-id.ts';
import { JsonCursor } from './json-cursor.ts';

const OBJECT = '{';
const HEX = /^[0-9a-f]+$/i;

/** The members of an event that are needed before it is verified. */
type EventOutline = Pick<NostrEvent, 'id' | 'kind' | 'created_at' | 'tags'>;

/**
 * Reads the event of an EVENT message that the scan gave up on. `JSON.parse` has read the message.
 *
 * @param value the third element of the message
 * @param bytes the whole message
 * @returns `undefined` if the value does not even look like an event
 */
export function parsedFrame(
  subscription: string,
  value: unknown,
  bytes: Buffer,
): SubscriptionFrame | undefined {
  const event = asNostrEvent(value);
  const outline = event ?? unsoundEvent(value);
  return outline && new ParsedFrame(subscription, bytes, outline, event);
}

/** An EVENT message of an unusual form. */
class ParsedFrame implements SubscriptionFrame {
  readonly subscription: string;
  readonly recipients: Recipients;
  readonly #bytes: Buffer;
  readonly #outline: EventOutline;
  readonly #event: NostrEvent | undefined;

  /** @param event absent if the event is unsound */
  constructor(subscription: string, bytes: Buffer, outline: EventOutline, event: NostrEvent | undefined) {
    this.subscription = subscription;
    this.recipients = recipientsOf(outline.tags);
    this.#bytes = bytes;
    this.#outline = outline;
    this.#event = event;
  }

  get id(): string {
    return this.#outline.id;
  }

  get size(): number {
    return this.#bytes.length;
  }

  get mark(): number {
    return markOf(Buffer.from(this.id.padEnd(12, '0'), 'latin1'), 0);
  }

  readId(words: Uint32Array): boolean {
    return readEventId(Buffer.from(this.id, 'latin1'), 0, this.id.length, words);
  }

  get kind(): number {
    return this.#outline.kind;
  }

  get createdAt(): number {
    return this.#outline.created_at;
  }

  get isCrowded(): boolean {
    return this.recipients.crowded;
  }

  isFor(holds: KeyLookup): boolean {
    return this.recipients.isFor(holds);
  }

  fingerprint(): string {
    // Without the subscription, because the same event may come for another one. A subscription id of ours has no brace.
    return fingerprintOf(this.#bytes.subarray(this.#bytes.indexOf(OBJECT)));
  }

  parse(): NostrEvent | undefined {
    return this.#event && { ...this.#event, written: writtenMembers(this.#bytes) };
  }
}

/**
 * The outline of an event that some relays accept and this server does not: for example keys in capitals, or a time that is not a whole
 * number. Anybody can publish such an event at such a relay. So the event wakes nobody, and it does not count as rubbish of the relay.
 */
function unsoundEvent(value: unknown): EventOutline | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, pubkey, created_at, kind, tags, content, sig } = value as Record<string, unknown>;
  if (!isHex(id) || !isHex(pubkey) || !isHex(sig)) return undefined;
  if (typeof created_at !== 'number' || !Number.isSafeInteger(kind)) return undefined;
  if (typeof content !== 'string' || !Array.isArray(tags)) return undefined;
  return { id, kind: kind as number, created_at, tags: tags.filter(isTag) };
}

function isHex(value: unknown): value is string {
  return typeof value === 'string' && HEX.test(value);
}

/**
 * Finds the hashed members of the event in an EVENT message of any form that `JSON.parse` has read. Names may be escaped. If a
 * member stands twice, the last one counts, as it does for `JSON.parse`.
 *
 * @param message `["EVENT", <subscription>, <event>]`
 * @returns `undefined` if a member is missing, or if another member is nested deeper than the cursor goes
 */
function writtenMembers(message: Buffer): WrittenMembers | undefined {
  const cursor = new JsonCursor(message);
  const isFrame = cursor.take(0x5b) && cursor.skipValue() && cursor.take(0x2c) && cursor.skipValue();
  if (!isFrame || !cursor.take(0x2c) || !cursor.take(0x7b)) return undefined;
  const members = new Map<unknown, Buffer>();
  do {
    const nameStart = cursor.mark();
    if (!cursor.skipString()) return undefined;
    const name = parseJson(message.toString('utf8', nameStart, cursor.position));
    if (!cursor.take(0x3a)) return undefined;
    const start = cursor.mark();
    if (!cursor.skipValue()) return undefined;
    members.set(name, message.subarray(start, cursor.position));
  } while (cursor.take(0x2c));
  const [createdAt, kind] = [members.get('created_at'), members.get('kind')];
  const [tags, content] = [members.get('tags'), members.get('content')];
  if (createdAt === undefined || kind === undefined || tags === undefined || content === undefined)
    return undefined;
  return { createdAt: createdAt.toString('latin1'), kind: kind.toString('latin1'), tags, content };
}
