import { asNostrEvent, type NostrEvent } from '../core/nostr-event.ts';
import type { EventCandidate } from '../core/ports.ts';
import { parseJson } from '../core/parse-json.ts';
import { Recipients } from '../core/recipients.ts';
import { JsonCursor } from './json-cursor.ts';

/** An EVENT frame (NIP-01) as far as one look over it tells, without building the event. Nothing of it is verified. */
export class EventFrame implements EventCandidate {
  readonly subscription: string;
  readonly id: string;
  readonly kind: number;
  readonly createdAt: number;
  readonly recipients: Recipients;
  readonly #json: Buffer;

  constructor(subscription: string, members: EventMembers, json: Buffer) {
    this.subscription = subscription;
    this.id = members.id;
    this.kind = members.kind;
    this.createdAt = members.createdAt;
    this.recipients = members.recipients;
    this.#json = json;
  }

  /** @returns the whole event, or `undefined` when it is not of an event's shape */
  parse(): NostrEvent | undefined {
    return asNostrEvent(parseJson(this.#json.toString('utf8')));
  }
}

interface EventMembers {
  readonly id: string;
  readonly kind: number;
  readonly createdAt: number;
  readonly recipients: Recipients;
}

const EVENT = Buffer.from('"EVENT"');
const P = 0x70;
/** A kind is at most 65535 (NIP-01). */
const KIND_DIGITS = 5;
/** Unix seconds for the next thirty thousand years; a time of more digits is left to JSON.parse. */
const TIME_DIGITS = 12;

/**
 * Scans `["EVENT", <subscription>, <event>]` in one pass over its bytes.
 *
 * It is strict: whatever it does not fully understand (escapes in names or ids, a member that stands twice, a kind
 * that is not plain digits, deep nesting) it gives back unread, for `JSON.parse` to settle. So it never reads an
 * event differently from `JSON.parse`; `event-frame.property.test.ts` holds that.
 *
 * @returns the frame, or `undefined` when it is no EVENT frame or not one of the usual form
 */
export function scanEventFrame(bytes: Buffer): EventFrame | undefined {
  const cursor = new JsonCursor(bytes);
  if (!cursor.take(0x5b) || !cursor.takeBytes(EVENT) || !cursor.take(0x2c)) return undefined;
  const subscription = cursor.plainString();
  if (subscription === undefined || !cursor.take(0x2c)) return undefined;
  const start = cursor.mark();
  const members = scanEvent(cursor);
  const end = cursor.position;
  if (members === undefined || !cursor.take(0x5d) || !cursor.atEnd()) return undefined;
  return new EventFrame(subscription, members, bytes.subarray(start, end));
}

function scanEvent(cursor: JsonCursor): EventMembers | undefined {
  if (!cursor.take(0x7b)) return undefined;
  let id: string | undefined;
  let kind: number | undefined;
  let createdAt: number | undefined;
  let recipients: Recipients | undefined;
  do {
    const name = cursor.plainString();
    if (name === undefined || !cursor.take(0x3a)) return undefined;
    if (name === 'id') {
      if (id !== undefined || (id = cursor.plainString()) === undefined) return undefined;
    } else if (name === 'kind') {
      if (kind !== undefined || (kind = cursor.digits(KIND_DIGITS)) === undefined) return undefined;
    } else if (name === 'created_at') {
      if (createdAt !== undefined || (createdAt = cursor.digits(TIME_DIGITS)) === undefined) return undefined;
    } else if (name === 'tags') {
      if (recipients !== undefined || (recipients = scanTags(cursor)) === undefined) return undefined;
    } else if (!cursor.skipValue()) return undefined;
  } while (cursor.take(0x2c));
  if (!cursor.take(0x7d) || id === undefined || kind === undefined) return undefined;
  if (createdAt === undefined || recipients === undefined) return undefined;
  return { id, kind, createdAt, recipients };
}

function scanTags(cursor: JsonCursor): Recipients | undefined {
  const recipients = new Recipients();
  if (!cursor.take(0x5b)) return undefined;
  if (cursor.take(0x5d)) return recipients;
  do {
    if (!scanTag(cursor, recipients)) return undefined;
  } while (cursor.take(0x2c));
  return cursor.take(0x5d) ? recipients : undefined;
}

/** One tag: an array of strings, of which only the first two of a `p` tag are read. */
function scanTag(cursor: JsonCursor, recipients: Recipients): boolean {
  if (!cursor.take(0x5b)) return false;
  if (cursor.take(0x5d)) return true;
  const name = cursor.plainSpan();
  if (name === undefined) return false;
  let unread = name.end - name.start === 1 && cursor.bytes[name.start] === P;
  while (cursor.take(0x2c)) {
    if (unread && !recipients.crowded) {
      const value = cursor.plainString();
      if (value === undefined) return false;
      recipients.add(value);
      unread = false;
    } else if (!cursor.skipString()) return false;
  }
  return cursor.take(0x5d);
}
