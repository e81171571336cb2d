import fc from 'fast-check';
import { expect, test } from 'vitest';

import { webSocketFrame } from '../../../test/support/websocket-frame.ts';
import { FrameFilter } from './frame-filter.ts';

const MOST = 1000;
const LONGEST = 100_000;

interface Filtered {
  readonly forwarded: Buffer;
  readonly frames: number;
  readonly chatter: number;
  readonly tooLong: string[];
}

/** What comes of these bytes, in pieces of the given lengths, the last of which is repeated. */
function filtered(bytes: Buffer, pieces: readonly number[] = [bytes.length]): Filtered {
  const forwarded: Buffer[] = [];
  const tooLong: string[] = [];
  let [chatter, frames, at] = [0, 0, 0];
  const filter = new FrameFilter({
    mostBytes: MOST,
    longestBytes: LONGEST,
    // As it is now: a buffer must not be changed afterwards.
    forward: (part) => forwarded.push(Buffer.from(part)),
    onChatter: () => chatter++,
    onTooLong: (head) => tooLong.push(head.toString()),
  });
  for (let n = 0; at < bytes.length; n++) {
    const length = pieces[Math.min(n, pieces.length - 1)] ?? 1;
    frames += filter.take(bytes.subarray(at, at + length));
    at += length;
  }
  return { forwarded: Buffer.concat(forwarded), frames, chatter, tooLong };
}

const text = (length: number): Buffer => webSocketFrame('text', Buffer.alloc(length, 'x'));
const part = (length: number, opcode: 'text' | 'continuation' = 'continuation'): Buffer =>
  webSocketFrame(opcode, Buffer.alloc(length, 'y'), { isLast: false });

test('the bytes of a relay go to the library unchanged, however they are cut, but for messages that are too long', () => {
  const frame = fc.oneof(
    fc.nat(300).map(text),
    fc.constantFrom(125, 126, 127, MOST - 1, MOST).map(text),
    fc
      .constantFrom<'ping' | 'pong'>('ping', 'pong')
      .map((opcode) => webSocketFrame(opcode, Buffer.from('hi'))),
    fc
      .nat(200)
      .map((length) => Buffer.concat([part(length, 'text'), part(length), webSocketFrame('continuation')])),
  );
  const tooLong = fc.constantFrom(MOST + 1, 65_535, 65_536, LONGEST).map(text);
  const stream = fc.array(fc.oneof({ weight: 4, arbitrary: frame }, { weight: 1, arbitrary: tooLong }), {
    maxLength: 12,
  });
  const pieces = fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(stream, pieces, (frames, lengths) => {
      const short = frames.filter(({ length }) => length <= MOST + 4);
      const { forwarded, tooLong: left } = filtered(Buffer.concat(frames), lengths);
      expect(forwarded.equals(Buffer.concat(short))).toBe(true);
      expect(left).toHaveLength(frames.length - short.length);
    }),
    { numRuns: 300 },
  );
});

test.each([
  ['reserved bits', Buffer.from([0xc1, 0])],
  ['an unknown opcode', Buffer.from([0x83, 0])],
  ['a mask', Buffer.from([0x81, 0x80, 0, 0, 0, 0])],
])('the bytes of a relay go to the library unread after a frame with %s', (_, broken) => {
  const bytes = Buffer.concat([text(10), broken, text(MOST + 1), webSocketFrame('pong')]);
  const { chatter, forwarded, frames, tooLong } = filtered(bytes, [7, 1, 30]);
  expect([forwarded.equals(bytes), frames, chatter, tooLong]).toEqual([true, 2, 0, []]);
});

test('the bytes of a relay go to the library where a message is longer than any relay stores, and where it comes in fragments', () => {
  const bytes = Buffer.concat([
    text(LONGEST + 1),
    part(MOST, 'text'),
    part(MOST),
    webSocketFrame('continuation'),
  ]);
  expect(filtered(bytes).forwarded.equals(bytes)).toBe(true);
});

test('a message that is too long is reported with its first bytes', () => {
  const frame = webSocketFrame('text', Buffer.from(`["EVENT","sub",${'x'.repeat(MOST)}`));
  expect(filtered(frame).tooLong[0]).toMatch(/^\["EVENT","sub",x+$/);
});

test.each([
  ['a ping', webSocketFrame('ping', Buffer.from('hi')), 1],
  ['an empty pong', webSocketFrame('pong'), 1],
  ['an empty fragment', part(0), 1],
  ['a fragment of 63 bytes', part(63), 1],
  ['a fragment of 64 bytes', part(64), 0],
  ['an empty last fragment', webSocketFrame('continuation'), 0],
  ['an empty message', webSocketFrame('text'), 0],
  ['a farewell', webSocketFrame('close'), 0],
])('chatter %s counts', (_, frame, expected) => {
  expect(filtered(frame).chatter).toBe(expected);
});

test('chatter is counted once, however its frame is cut', () => {
  const frames = Buffer.concat(Array.from({ length: 100 }, () => webSocketFrame('pong')));
  const { chatter, frames: counted } = filtered(frames, [1, 2, 3, 1]);
  expect([chatter, counted]).toEqual([100, 100]);
});
