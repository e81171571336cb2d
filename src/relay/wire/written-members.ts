import type { WrittenMembers } from '../../core/nostr/nostr-event.ts';
import { parseJson } from '../../core/basics/parse-json.ts';
import { JsonCursor } from './json-cursor.ts';

/**
 * Finds the hashed members of the event in an EVENT frame of any form that `JSON.parse` has read. Names may be escaped, and of a
 * member that stands twice the last one counts, as it does for `JSON.parse`.
 *
 * @param frame `["EVENT", <subscription>, <event>]`
 * @returns `undefined` where a member is missing, or where other members nest deeper than the cursor follows
 */
export function writtenMembers(frame: Buffer): WrittenMembers | undefined {
  const cursor = new JsonCursor(frame);
  const isFrame = cursor.take(0x5b) && cursor.skipValue() && cursor.take(0x2c) && cursor.skipValue();
  if (!isFrame || !cursor.take(0x2c) || !cursor.take(0x7b)) return undefined;
  const members = new Map<unknown, Buffer>();
  do {
    const nameStart = cursor.mark();
    if (!cursor.skipString()) return undefined;
    const name = parseJson(frame.toString('utf8', nameStart, cursor.position));
    if (!cursor.take(0x3a)) return undefined;
    const start = cursor.mark();
    if (!cursor.skipValue()) return undefined;
    members.set(name, frame.subarray(start, cursor.position));
  } while (cursor.take(0x2c));
  const [createdAt, kind] = [members.get('created_at'), members.get('kind')];
  const [tags, content] = [members.get('tags'), members.get('content')];
  if (createdAt === undefined || kind === undefined || tags === undefined || content === undefined)
    return undefined;
  return { createdAt: createdAt.toString('latin1'), kind: kind.toString('latin1'), tags, content };
}
