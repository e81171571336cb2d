import { parseEnv } from 'node:util';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseDotEnv } from './dot-env.ts';

const read = (text: string): Readonly<Record<string, string>> =>
  parseDotEnv(text, (name) => /^(?:A|B|DATA_DIR)$/.test(name)).variables;

describe('a .env file', () => {
  test.each<[string, string, Record<string, string>]>([
    ['white space', ' A = b \n\n\tB=\tc', { A: 'b', B: 'c' }],
    ['line ends of Windows and of old Macs', 'A=b\r\nB=c\rC=d', { A: 'b', B: 'c', C: 'd' }],
    ['a byte order mark', '\uFEFFA=b', { A: 'b' }],
    ['export', 'export A=b\n  export  B="c"', { A: 'b', B: 'c' }],
    ['comments', '# A=x\nA=b # why\nB= # why\nC="d" # why\nD=\'e\'#why', { A: 'b', B: '', C: 'd', D: 'e' }],
    [
      'a number sign that is no comment',
      'A=https://x.example/#/trades\nB=p#w',
      { A: 'https://x.example/#/trades', B: 'p#w' },
    ],
    ['quotation marks', 'A="b c"\nB=\'d # e\'\nC=`f`', { A: 'b c', B: 'd # e', C: 'f' }],
    ['a value over several lines', 'A="b\nc"\nB=d', { A: 'b\nc', B: 'd' }],
    [
      'escapes',
      String.raw`A="b\nc\"d\\e"` + '\n' + String.raw`B='f\ng'`,
      { A: 'b\nc"d\\e', B: String.raw`f\ng` },
    ],
    ['JSON', `A='{"b":"c\\nd"}'`, { A: String.raw`{"b":"c\nd"}` }],
    ['members in quotation marks', 'A="b","c"', { A: '"b","c"' }],
    ['a quotation mark that is not closed', 'A="b\nDATA_DIR="c"', { A: '"b', DATA_DIR: 'c' }],
    ['a variable that stands twice', 'A=b\nA=c', { A: 'c' }],
    ['an equals sign in a value', 'A=b=c==', { A: 'b=c==' }],
  ])('with %s is read as it is meant', (_, text, variables) => {
    expect(read(text)).toEqual(variables);
  });

  test('with lines that mean nothing, or a variable twice, has a note of each, without a value', () => {
    const { notes } = parseDotEnv('A=secret\nsecret\nA=other\nB secret\n', () => true);
    expect(notes).toEqual([
      'line 2 of .env is not of the form NAME=value, and counts as nothing',
      'A stands in .env more than once; the last one counts',
      'line 4 of .env is not of the form NAME=value, and counts as nothing',
    ]);
  });

  test("of plain values is read as Node's own parser reads it", () => {
    const value = fc.stringMatching(/^[\w:/.,+-]{0,20}$/);
    const written = fc.oneof(
      value,
      value.map((text) => `"${text}"`),
      value.map((text) => `'${text}' # why`),
    );
    const file = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/), written);
    fc.assert(
      fc.property(file, (variables) => {
        const text = Object.entries(variables)
          .map((pair) => pair.join('='))
          .join('\n');
        expect(read(text)).toEqual({ ...parseEnv(text) });
      }),
    );
  });
});
