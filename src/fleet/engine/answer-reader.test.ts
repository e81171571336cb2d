import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { AnswerReader, BadAnswer, ErrorAnswer } from './answer-reader.ts';
import { encodeCommands } from './encode-commands.ts';
import type { EngineReply } from './engine.ts';

type Answer = EngineReply | ErrorAnswer;

/** What is read, in these pieces. */
function read(...pieces: readonly (string | Buffer)[]): Answer[] {
  const answers: Answer[] = [];
  const reader = new AnswerReader((answer) => answers.push(answer));
  for (const piece of pieces) reader.read(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece);
  return answers;
}

function encode(answer: Answer): Buffer {
  if (answer instanceof ErrorAnswer) return Buffer.from(`-${answer.text}\r\n`);
  if (answer === null) return Buffer.from('$-1\r\n');
  if (typeof answer === 'number') return Buffer.from(`:${answer}\r\n`);
  if (Buffer.isBuffer(answer))
    return Buffer.concat([Buffer.from(`$${answer.length}\r\n`), answer, Buffer.from('\r\n')]);
  return Buffer.concat([Buffer.from(`*${answer.length}\r\n`), ...answer.map(encode)]);
}

const value = fc.oneof(
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.maxSafeInteger(),
  fc.constant(null),
);
const { answer } = fc.letrec<{ answer: EngineReply }>((tie) => ({
  answer: fc.oneof({ maxDepth: 4 }, value, fc.array(tie('answer'), { maxLength: 5 })),
}));

describe('the reader of answers', () => {
  test('reads what an engine says, however it is cut into pieces', () => {
    const error = fc.stringMatching(/^[A-Z]{2,9} [a-z ]{0,20}$/).map((text) => new ErrorAnswer(text));
    fc.assert(
      fc.property(fc.array(fc.oneof(answer, error)), fc.array(fc.nat(300)), (answers, sizes) => {
        const bytes = Buffer.concat(answers.map(encode));
        const pieces: Buffer[] = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = 1 + (sizes[n % Math.max(1, sizes.length)] ?? 0);
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(read(...pieces)).toEqual(answers);
      }),
    );
    expect(read('+OK\r\n*-1\r\n$0\r\n\r\n*0\r\n:-7\r\n')).toEqual([
      Buffer.from('OK'),
      null,
      Buffer.of(),
      [],
      -7,
    ]);
  });

  test.each([
    ['another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['RESP 3', '%1\r\n'],
    ['a push message', '>1\r\n$-1\r\n'],
    ['a line with another end', '+OK\r\r\n'],
    ['a text that is longer than it says', '$2\r\nabc\r\n'],
    ['no number', ':1a\r\n'],
    ['an empty number', ':\r\n'],
    ['a number of too many digits', `:${'9'.repeat(20)}\r\n`],
    ['a negative length', '$-2\r\n'],
    ['a huge text', '$99999999999\r\n'],
    ['a huge list', '*4294967295\r\n'],
    ['an error in a list', '*1\r\n-ERR\r\n'],
    ['lists that lie too deep', '*1\r\n'.repeat(20)],
    ['an endless line', '+'.repeat(5000)],
  ])('refuses %s', (_what, bytes) => {
    expect(() => read(bytes)).toThrow(BadAnswer);
    expect(() => read(...bytes.split(''))).toThrow(BadAnswer);
  });

  test('refuses an answer that is too long, whatever it consists of, and takes one behind the other', () => {
    const much = Buffer.alloc(1 << 20);
    const text = Buffer.concat([Buffer.from(`$${much.length}\r\n`), much, Buffer.from('\r\n')]);
    expect(() => read('*100\r\n', ...Array.from({ length: 70 }, () => text))).toThrow(BadAnswer);
    expect(read(...Array.from({ length: 70 }, () => text))).toHaveLength(70);
    const values = ':1\r\n'.repeat(100_000);
    expect(() => read('*6\r\n', ...Array.from({ length: 6 }, () => `*100000\r\n${values}`))).toThrow(
      BadAnswer,
    );
    expect(read(...Array.from({ length: 6 }, () => `*100000\r\n${values}`))).toHaveLength(6);
  });
});

test('commands are written as an engine reads them', () => {
  const bytes = encodeCommands([
    { name: 'SET', args: ['ä', Buffer.from([0, 255, 13, 10]), 7] },
    { name: 'PING', args: [] },
  ]);
  expect(read(bytes)).toEqual([
    [Buffer.from('SET'), Buffer.from('ä'), Buffer.from([0, 255, 13, 10]), Buffer.from('7')],
    [Buffer.from('PING')],
  ]);
});
