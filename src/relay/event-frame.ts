import { asNostrEvent, type NostrEvent } from '../core/nostr-event.ts';
import { parseJson } from '../core/parse-json.ts';
import type { EventCandidate, KeyLookup } from '../core/ports.ts';
import { MAX_RECIPIENTS, Recipients } from '../core/recipients.ts';
import { JsonCursor } from './json-cursor.ts';

/** An EVENT frame (NIP-01) as far as one look over it tells, without building the event. Nothing of it is verified. */
export interface EventFrame extends EventCandidate {
  readonly subscription: string;
}

/** What the scan has found: numbers and places. Nearly every frame is for a stranger, and ends without a string being made of it. */
interface EventMembers {
  /** Where the text of the id begins and ends. */
  readonly id: readonly [number, number];
  readonly kind: number;
  readonly createdAt: number;
  /** Where the value of each `p` tag begins and ends, one after the other. */
  readonly recipients: readonly number[];
}

class ScannedFrame implements EventFrame {
  readonly subscription: string;
  readonly kind: number;
  readonly createdAt: number;
  readonly #bytes: Buffer;
  readonly #members: EventMembers;
  /** Where the event begins and ends. */
  readonly #start: number;
  readonly #end: number;

  constructor(subscription: string, members: EventMembers, bytes: Buffer, start: number, end: number) {
    this.subscription = subscription;
    this.kind = members.kind;
    this.createdAt = members.createdAt;
    this.#bytes = bytes;
    this.#members = members;
    this.#start = start;
    this.#end = end;
  }

  get id(): string {
    return this.#bytes.toString('latin1', ...this.#members.id);
  }

  get recipients(): Recipients {
    const recipients = new Recipients();
    const { recipients: places } = this.#members;
    for (let n = 0; n < places.length; n += 2)
      recipients.add(this.#bytes.toString('latin1', places[n], places[n + 1]));
    return recipients;
  }

  isFor(holds: KeyLookup): boolean {
    const { recipients: places } = this.#members;
    // Of more values it matters which are distinct.
    if (places.length > 2 * MAX_RECIPIENTS) return this.recipients.isFor(holds);
    for (let n = 0; n < places.length; n += 2) {
      const from = places[n] as number;
      if ((places[n + 1] as number) - from === KEY_DIGITS && holds(this.#bytes, from)) return true;
    }
    return false;
  }

  parse(): NostrEvent | undefined {
    return asNostrEvent(parseJson(this.#bytes.toString('utf8', this.#start, this.#end)));
  }
}

const KEY_DIGITS = 64;
const EVENT = Buffer.from('"EVENT"');
const [ID, KIND, CREATED_AT, TAGS, P] = ['id', 'kind', 'created_at', 'tags', 'p'].map((name) =>
  Buffer.from(name),
) as [Buffer, Buffer, Buffer, Buffer, Buffer];
/** A kind is at most 65535 (NIP-01). */
const MAX_KIND_DIGITS = 5;
/** Unix seconds for the next thirty thousand years; a time of more digits is left to JSON.parse. */
const MAX_TIME_DIGITS = 12;

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
  return new ScannedFrame(subscription, members, bytes, start, end);
}

function scanEvent(cursor: JsonCursor): EventMembers | undefined {
  if (!cursor.take(0x7b)) return undefined;
  let id: [number, number] | undefined;
  let kind: number | undefined;
  let createdAt: number | undefined;
  let recipients: number[] | undefined;
  do {
    if (!cursor.takePlain()) return undefined;
    if (cursor.isText(ID)) {
      if (id !== undefined || !cursor.take(0x3a) || !cursor.takePlain()) return undefined;
      id = [cursor.start, cursor.end];
    } else if (cursor.isText(KIND)) {
      if (kind !== undefined || !cursor.take(0x3a)) return undefined;
      kind = cursor.digits(MAX_KIND_DIGITS);
      if (kind === undefined) return undefined;
    } else if (cursor.isText(CREATED_AT)) {
      if (createdAt !== undefined || !cursor.take(0x3a)) return undefined;
      createdAt = cursor.digits(MAX_TIME_DIGITS);
      if (createdAt === undefined) return undefined;
    } else if (cursor.isText(TAGS)) {
      if (recipients !== undefined || !cursor.take(0x3a)) return undefined;
      recipients = [];
      if (!scanTags(cursor, recipients)) return undefined;
    } else if (!cursor.take(0x3a) || !cursor.skipValue()) return undefined;
  } while (cursor.take(0x2c));
  if (!cursor.take(0x7d) || id === undefined || kind === undefined) return undefined;
  if (createdAt === undefined || recipients === undefined) return undefined;
  return { id, kind, createdAt, recipients };
}

function scanTags(cursor: JsonCursor, recipients: number[]): boolean {
  if (!cursor.take(0x5b)) return false;
  if (cursor.take(0x5d)) return true;
  do {
    if (!scanTag(cursor, recipients)) return false;
  } while (cursor.take(0x2c));
  return cursor.take(0x5d);
}

/** One tag: an array of strings, of which only the first two of a `p` tag are read. */
function scanTag(cursor: JsonCursor, recipients: number[]): boolean {
  if (!cursor.take(0x5b)) return false;
  if (cursor.take(0x5d)) return true;
  if (!cursor.takePlain()) return false;
  let unread = cursor.isText(P);
  while (cursor.take(0x2c)) {
    if (unread) {
      if (!cursor.takePlain()) return false;
      recipients.push(cursor.start, cursor.end);
      unread = false;
    } else if (!cursor.skipString()) return false;
  }
  return cursor.take(0x5d);
}
