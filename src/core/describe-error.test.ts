import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { describeError } from './describe-error.ts';

describe('an error is described', () => {
  test('by its name and where it arose', () => {
    expect(describeError(new TypeError('x'))).toMatch(/^TypeError at describe-error\.test\.ts:\d+:\d+$/);
  });

  test('by its code, if it has one', () => {
    const error = Object.assign(new Error('x'), { code: 'ECONNREFUSED' });
    expect(describeError(error)).toMatch(/^Error ECONNREFUSED at /);
  });

  test('with what caused it', () => {
    const cause = new RangeError('inner');
    expect(describeError(new Error('outer', { cause }))).toMatch(/^Error at .+, caused by RangeError at .+$/);
  });

  test('even without a stack', () => {
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
  ])('by its type alone when it is no error: %j', (thrown, description) => {
    expect(describeError(thrown)).toBe(description);
  });

  test('without a word of its message, or of the messages of its causes', () => {
    const message = fc.string({ minLength: 12 }).map((text) => `${text}~secret~${text}`);
    fc.assert(
      fc.property(message, message, (outer, inner) => {
        const description = describeError(new Error(outer, { cause: new Error(inner) }));
        expect(description).not.toContain('~secret~');
      }),
    );
  });
});
