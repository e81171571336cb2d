import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { signedEvent } from '../../test/support/events.ts';
import { anyJsonTextOf } from '../../test/support/json-text.ts';
import type { NostrEvent } from '../core/nostr/nostr-event.ts';
import { hasItsId } from './has-its-id.ts';

/** An event with its content as the relay wrote it. The content is parsed only when it is read. */
function written(event: NostrEvent, contentJson: string): { event: NostrEvent; wasRead: () => boolean } {
  let wasRead = false;
  const unread: NostrEvent = {
    ...event,
    written: {
      createdAt: `${event.created_at}`,
      kind: `${event.kind}`,
      tags: Buffer.from(JSON.stringify(event.tags)),
      content: Buffer.from(contentJson),
    },
    get content() {
      wasRead = true;
      return event.content;
    },
  };
  return { event: unread, wasRead: () => wasRead };
}

describe('an event whose content was not read has its id', () => {
  test('by the bytes of the content, where they are as NIP-01 has them serialised', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (content) => {
        const { event, wasRead } = written(signedEvent({ content }), JSON.stringify(content));
        expect([hasItsId(event), wasRead()]).toEqual([true, false]);
      }),
    );
  });

  test('in whatever other way the content is written', () => {
    const spelt = fc
      .string({ unit: 'binary' })
      .chain((content) => anyJsonTextOf(content).map((json) => ({ content, json: json.trim() })));
    fc.assert(
      fc.property(spelt, ({ content, json }) => {
        expect(hasItsId(written(signedEvent({ content }), json).event)).toBe(true);
      }),
    );
  });

  test('however long the content is', () => {
    for (const length of [65_200, 65_536, 200_000]) {
      const content = 'x'.repeat(length);
      expect(hasItsId(written(signedEvent({ content }), JSON.stringify(content)).event)).toBe(true);
    }
  });

  test('not where any other member was changed', () => {
    const genuine = signedEvent({ content: 'sealed' });
    for (const parts of [
      { pubkey: 'f'.repeat(64) },
      { created_at: genuine.created_at + 1 },
      { kind: 14 },
      { tags: [['p', 'e'.repeat(64)]] },
      { id: 'a'.repeat(64) },
    ])
      expect(hasItsId(written({ ...genuine, ...parts }, '"sealed"').event)).toBe(false);
  });

  test('not where the content is another, nor by closing it early', () => {
    const genuine = signedEvent({ content: 'sealed' });
    for (const content of ['', 'seale', 'sealed ', 'sealed"]', 'sealed","'])
      expect(hasItsId(written({ ...genuine, content }, JSON.stringify(content)).event)).toBe(false);
  });
});
