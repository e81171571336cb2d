import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { describeError } from './describe-error.ts';

describe('the description of an error', () => {
  test('has its name and the line that it came from', () => {
    expect(describeError(new TypeError('x'))).toMatch(/^TypeError at describe-error\.test\.ts:\d+:\d+$/);
  });

  test('has its code, if there is one', () => {
    const error = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    expect(describeError(error)).toMatch(/^Error ECONNREFUSED at /);
  });

  test('has its cause', () => {
    const cause = new RangeError('inner');
    expect(describeError(new Error('outer', { cause }))).toMatch(/^Error at .+, caused by RangeError at .+$/);
  });

  test.each([
    ['its message', new Error('x\n    at https://secret/tok')],
    ['its message and nothing else', new Error('    at https://secret/tok')],
    ['the message of its cause', new Error('x', { cause: new Error('y\n    at https://secret/tok\n') })],
  ])('has no line of %s, though the line looks like a stack frame', (_, error) => {
    const description = describeError(error);
    expect(description).not.toMatch(/secret|tok/);
    expect(description).toMatch(/^Error at describe-error\.test\.ts:\d+:\d+/);
  });

  test('has no frame if the message was changed, so that the stack does not begin with it', () => {
    const error = new Error('another');
    error.stack = 'Error: x\n    at https://secret/tok\n    at run (/src/run.js:1:2)';
    expect(describeError(error)).toBe('Error');
  });

  test('ends when its causes form a circle', () => {
    const [one, other] = [new TypeError('one'), new RangeError('other')];
    one.cause = other;
    other.cause = one;
    expect(describeError(one).match(/\w+Error/g)).toEqual([
      'TypeError',
      'RangeError',
      'TypeError',
      'RangeError',
    ]);
  });

  test('has three causes at most', () => {
    let error = new Error('innermost');
    for (let n = 0; n < 10; n++) error = new Error('outer', { cause: error });
    expect(describeError(error).match(/caused by/g)).toHaveLength(3);
  });

  test('needs no stack', () => {
    const error = new Error('x');
    delete error.stack;
    expect(describeError(error)).toBe('Error');
  });

  test.each([
    ['secret', 'string'],
    [7, 'number'],
    [null, 'object'],
    [undefined, 'undefined'],
    [{ message: 'secret' }, 'object'],
  ])('is its type if it is no error: %j', (thrown, description) => {
    expect(describeError(thrown)).toBe(description);
  });

  test('has no word of its message, or of the messages of its causes', () => {
    const message = fc.string({ minLength: 12 }).map((text) => `${text}~secret~${text}`);
    fc.assert(
      fc.property(message, message, (outer, inner) => {
        const description = describeError(new Error(outer, { cause: new Error(inner) }));
        expect(description).not.toContain('~secret~');
      }),
    );
  });
});
