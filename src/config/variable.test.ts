import { describe, expect, test } from 'vitest';

import { list, numberFromZero, oneOf, onOff, parseHttpUrl, positiveNumber, wholeNumber } from './variable.ts';

const numbers = list('numbers', (member) => (/^\d+$/.test(member) ? Number(member) : undefined));

describe('a whole number', () => {
  test.each([
    ['0', 0],
    ['65535', 65_535],
    ['007', 7],
  ])('may be %j', (text, value) => {
    expect(wholeNumber(0, 65_535).parse(text)).toBe(value);
  });

  test.each(['', '-1', '65536', '1.5', '1e3', '0x10', ' 1', '1 ', '٣', 'ten', '9'.repeat(30)])(
    'is not %j',
    (text) => {
      expect(wholeNumber(0, 65_535).safeParse(text).error?.issues[0]?.message).toBe(
        'expected a whole number from 0 to 65535',
      );
    },
  );
});

describe('a positive number', () => {
  test.each([
    ['1', 1],
    ['0.5', 0.5],
    ['100', 100],
  ])('may be %j', (text, value) => {
    expect(positiveNumber(100).parse(text)).toBe(value);
  });

  test.each(['0', '0.0', '-1', '100.1', '.5', '5.', '1e1', 'Infinity', 'NaN', ''])('is not %j', (text) => {
    expect(positiveNumber(100).safeParse(text).error?.issues[0]?.message).toBe(
      'expected a number above 0, at most 100',
    );
  });
});

describe('a number from 0 on', () => {
  test.each([
    ['0', 0],
    ['0.5', 0.5],
    ['100', 100],
  ])('may be %j', (text, value) => {
    expect(numberFromZero(100).parse(text)).toBe(value);
  });

  test.each(['-1', '100.1', '.5', '1e1', 'NaN', ''])('is not %j', (text) => {
    expect(numberFromZero(100).safeParse(text).error?.issues[0]?.message).toBe(
      'expected a number from 0 to 100',
    );
  });
});

describe('a switch', () => {
  test.each([
    ['true', true],
    ['TRUE', true],
    ['1', true],
    ['false', false],
    ['False', false],
    ['0', false],
    ['yes', true],
    ['On', true],
    ['NO', false],
    ['off', false],
  ])('%j is %s', (text, value) => {
    expect(onOff.parse(text)).toBe(value);
  });

  test.each(['', 'y', 'perhaps', '2', 'truefalse', 'constructor', '__proto__'])('%j is neither', (text) => {
    expect(onOff.safeParse(text).error?.issues[0]?.message).toBe('expected true or false');
  });
});

describe('one of a few words', () => {
  test('is read in any case', () => {
    expect(oneOf('silent', 'alert').parse('Alert')).toBe('alert');
  });

  test('is one of those that the problem names', () => {
    const problem = oneOf('silent', 'alert').safeParse('loud').error?.issues[0]?.message;
    expect(problem).toBe('expected silent or alert');
  });
});

describe('a list', () => {
  test.each([
    ['1', [1]],
    ['1,2', [1, 2]],
    [' 1 , 2 ,', [1, 2]],
    ['2,1,2', [2, 1]],
    ['1 2\n3\t4', [1, 2, 3, 4]],
    ['"1", \'2\'', [1, 2]],
  ])('%j is %j', (text, members) => {
    expect(numbers.parse(text)).toEqual(members);
  });

  test.each(['', ',', ' , ', '1,x', '1;2'])('%j is none', (text) => {
    expect(numbers.safeParse(text).error?.issues[0]?.message).toBe('expected numbers');
  });
});

describe('a URL', () => {
  test.each([
    ['https://push.example', 'https://push.example'],
    ['https://push.example/', 'https://push.example'],
    ['https://push.example/fcm/', 'https://push.example/fcm'],
    ['http://127.0.0.1:7000/fcm?x=1', 'http://127.0.0.1:7000/fcm?x=1'],
  ])('%s is taken', (written, url) => {
    expect(parseHttpUrl(written)).toBe(url);
  });

  test.each([
    'push.example',
    'wss://push.example',
    'https://',
    'https://user@push.example',
    'https://user:secret@push.example',
    'https://push.example/#x',
    'https://push example',
    '',
  ])('%j is none', (written) => {
    expect(parseHttpUrl(written)).toBeUndefined();
  });
});
