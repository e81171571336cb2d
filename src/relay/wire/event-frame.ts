import { hash } from 'node:crypto';

import { asNostrEvent, type NostrEvent, type WrittenMembers } from '../../core/nostr/nostr-event.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import type { EventFrame } from '../../core/intake/event-intake.ts';
import type { KeyLookup } from '../../core/nostr/recipients.ts';
import { MAX_RECIPIENTS, Recipients } from '../../core/nostr/recipients.ts';
import { KEY_DIGITS } from '../../core/registry/trade-pubkey.ts';
import { readEventId } from './event-id.ts';
import { JsonCursor } from './json-cursor.ts';
import { KnownTexts } from './known-texts.ts';
import { UnreadEvent } from './unread-event.ts';

/** An EVENT message of one subscription (NIP-01). */
export interface SubscriptionFrame extends EventFrame {
  readonly subscription: string;
  /** A number made of the first digits of the id. It is read without making a string. */
  readonly mark: number;
  /** Reads the id without making a string. @returns whether it is an id as NIP-01 has it (`readEventId`) */
  readId(words: Uint32Array): boolean;
}

/** The places of an event without a `p` tag. */
const NOBODY: readonly number[] = [];

/**
 * An EVENT message as the scan found it: numbers, and places in the bytes. Nearly every event is for a stranger. Such an event costs
 * this one object, and no string is made of it.
 */
class ScannedFrame implements SubscriptionFrame {
  readonly subscription: string;
  readonly #bytes: Buffer;
  kind = -1;
  createdAt = -1;
  /** Where the event begins and ends. */
  start = 0;
  end = 0;
  /** Where the text of the id begins and ends; 0 until the id is found. */
  idStart = 0;
  idEnd = 0;
  /** Where the content begins and ends, with its quotation marks. The start stays 0 if the content is not a string. */
  contentStart = 0;
  contentEnd = 0;
  /** Where the tags begin and end, with their brackets. */
  tagsStart = 0;
  tagsEnd = 0;
  /** Where the value of each `p` tag begins and ends, one pair after the other; absent until the tags are found. */
  places: readonly number[] | undefined = undefined;

  constructor(bytes: Buffer, subscription: string) {
    this.subscription = subscription;
    this.#bytes = bytes;
  }

  get id(): string {
    return this.#bytes.toString('latin1', this.idStart, this.idEnd);
  }

  get size(): number {
    return this.#bytes.length;
  }

  get mark(): number {
    return markOf(this.#bytes, this.idStart);
  }

  readId(words: Uint32Array): boolean {
    return readEventId(this.#bytes, this.idStart, this.idEnd, words);
  }

  get recipients(): Recipients {
    const recipients = new Recipients();
    const { places = NOBODY } = this;
    for (let n = 0; n < places.length; n += 2)
      recipients.add(this.#bytes.toString('latin1', places[n], places[n + 1]));
    return recipients;
  }

  get isCrowded(): boolean {
    const { places = NOBODY } = this;
    return places.length > 2 * MAX_RECIPIENTS && this.recipients.crowded;
  }

  isFor(holds: KeyLookup): boolean {
    const { places = NOBODY } = this;
    // With more values than this, the distinct ones must be counted.
    if (places.length > 2 * MAX_RECIPIENTS) return this.recipients.isFor(holds);
    for (let n = 0; n < places.length; n += 2) {
      const from = places[n] as number;
      if ((places[n + 1] as number) - from === KEY_DIGITS && holds(this.#bytes, from)) return true;
    }
    return false;
  }

  parse(): NostrEvent | undefined {
    const { contentEnd, contentStart, end, start } = this;
    if (contentStart === 0) return asNostrEvent(parseJson(this.#bytes.toString('utf8', start, end)));
    const [before, after] = [
      this.#bytes.toString('utf8', start, contentStart),
      this.#bytes.toString('utf8', contentEnd, end),
    ];
    const event = asNostrEvent(parseJson(`${before}""${after}`));
    return event && new UnreadEvent(event, this.#written());
  }

  fingerprint(): string {
    return fingerprintOf(this.#bytes.subarray(this.start, this.end));
  }

  #written(): WrittenMembers {
    return {
      createdAt: `${this.createdAt}`,
      kind: `${this.kind}`,
      tags: this.#bytes.subarray(this.tagsStart, this.tagsEnd),
      content: this.#bytes.subarray(this.contentStart, this.contentEnd),
    };
  }
}

/** The most digits of an id that fit into a number exactly. */
const MARK_DIGITS = 12;

/** The mark of an event. @param from where the text of the id begins */
export function markOf(bytes: Uint8Array, from: number): number {
  let mark = 0;
  // A letter's low four bits are its digit less nine, whether it is a capital or not.
  for (let at = from; at < from + MARK_DIGITS; at++) {
    const byte = bytes[at] as number;
    mark = mark * 16 + (byte & 0xf) + (byte >> 6) * 9;
  }
  return mark;
}

/** A SHA-256, so that no other bytes with the same fingerprint can be made. */
export function fingerprintOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64');
}

const EVENT = Buffer.from('"EVENT"');
const [ID, KIND, CREATED_AT, TAGS, P, CONTENT] = ['id', 'kind', 'created_at', 'tags', 'p', 'content'].map(
  (name) => Buffer.from(name),
) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
const QUOTE = 0x22;
/** A kind is at most 65535 (NIP-01). */
const MAX_KIND_DIGITS = 5;
/** Unix seconds for the next thirty thousand years. A longer time is left to `JSON.parse`. */
const MAX_TIME_DIGITS = 12;

/**
 * Scans `["EVENT", <subscription>, <event>]` in one pass over its bytes.
 *
 * The scan is strict. It gives up at anything unusual: an escape in a name or an id, a member that stands twice, a kind
 * that is not plain digits, deep nesting. Such a message is then read by `JSON.parse` (`relay-message.ts`). So the scan never reads an
 * event differently from `JSON.parse`; `event-frame.property.test.ts` checks this.
 *
 * @param subscriptions the subscription ids that this relay has named
 * @returns `undefined` if the message is not an EVENT, or not of the usual form
 */
export function scanEventFrame(
  bytes: Buffer,
  subscriptions: KnownTexts = new KnownTexts(),
): SubscriptionFrame | undefined {
  const cursor = new JsonCursor(bytes);
  if (!cursor.take(0x5b) || !cursor.takeBytes(EVENT) || !cursor.take(0x2c)) return undefined;
  if (!cursor.takePlain()) return undefined;
  const subscription = subscriptions.read(cursor);
  if (!cursor.take(0x2c)) return undefined;
  const frame = new ScannedFrame(bytes, subscription);
  frame.start = cursor.mark();
  if (!scanEvent(cursor, frame)) return undefined;
  frame.end = cursor.position;
  return cursor.take(0x5d) && cursor.atEnd() ? frame : undefined;
}

function scanEvent(cursor: JsonCursor, frame: ScannedFrame): boolean {
  if (!cursor.take(0x7b)) return false;
  do {
    if (!cursor.takePlain()) return false;
    if (cursor.isText(ID)) {
      if (frame.idStart > 0 || !cursor.take(0x3a) || !cursor.takePlain()) return false;
      frame.idStart = cursor.start;
      frame.idEnd = cursor.end;
    } else if (cursor.isText(KIND)) {
      if (frame.kind >= 0 || !cursor.take(0x3a)) return false;
      frame.kind = cursor.digits(MAX_KIND_DIGITS) ?? -1;
      if (frame.kind < 0) return false;
    } else if (cursor.isText(CREATED_AT)) {
      if (frame.createdAt >= 0 || !cursor.take(0x3a)) return false;
      frame.createdAt = cursor.digits(MAX_TIME_DIGITS) ?? -1;
      if (frame.createdAt < 0) return false;
    } else if (cursor.isText(TAGS)) {
      if (frame.places !== undefined || !cursor.take(0x3a)) return false;
      frame.tagsStart = cursor.mark();
      frame.places = scanTags(cursor);
      if (frame.places === undefined) return false;
      frame.tagsEnd = cursor.position;
    } else if (cursor.isText(CONTENT)) {
      if (frame.contentEnd > 0 || !cursor.take(0x3a)) return false;
      const start = cursor.mark();
      if (!cursor.skipValue()) return false;
      if (cursor.bytes[start] === QUOTE) frame.contentStart = start;
      frame.contentEnd = cursor.position;
    } else if (!cursor.take(0x3a) || !cursor.skipValue()) return false;
  } while (cursor.take(0x2c));
  const isWhole = frame.idStart > 0 && frame.kind >= 0 && frame.createdAt >= 0 && frame.places !== undefined;
  return cursor.take(0x7d) && isWhole;
}

/** @returns where the values of the `p` tags begin and end, or `undefined` if the tags are not of the usual form */
function scanTags(cursor: JsonCursor): readonly number[] | undefined {
  if (!cursor.take(0x5b)) return undefined;
  if (cursor.take(0x5d)) return NOBODY;
  let places: number[] | undefined;
  do {
    if (!cursor.take(0x5b)) return undefined;
    if (cursor.take(0x5d)) continue;
    if (!cursor.takePlain()) return undefined;
    if (cursor.isText(P) && cursor.take(0x2c)) {
      if (!cursor.takePlain()) return undefined;
      if (places === undefined) places = [cursor.start, cursor.end];
      else places.push(cursor.start, cursor.end);
    }
    // The rest of the tag is not needed.
    while (cursor.take(0x2c)) if (!cursor.skipString()) return undefined;
    if (!cursor.take(0x5d)) return undefined;
  } while (cursor.take(0x2c));
  return cursor.take(0x5d) ? (places ?? NOBODY) : undefined;
}
