import { format, inspect } from 'node:util';

import { describe, expect, test } from 'vitest';

import { Secret } from './secret.ts';

describe('a secret', () => {
  const secret = new Secret('hunter2');
  const record = new Secret({ token: 'hunter2' });

  test.each([
    ['as a text', () => String(secret)],
    ['in a template', () => `a ${secret as unknown as string}`],
    ['joined to a text', () => '' + secret],
    ['as JSON', () => JSON.stringify(secret)],
    ['as JSON inside something else', () => JSON.stringify({ list: [secret, record] })],
    ['inspected', () => inspect(secret)],
    [
      'inspected inside another object',
      () => inspect({ list: [secret, record] }, { depth: 9, showHidden: true }),
    ],
    ['inspected without its own way', () => inspect(secret, { customInspect: false, showHidden: true })],
    ['as a format argument', () => format('%s %o %O %j', secret, secret, secret, secret)],
    ['in the message of an error', () => new Error(`no: ${secret as unknown as string}`).message],
  ])('does not show %s', (_, show) => {
    expect(show()).not.toContain('hunter2');
  });

  test.each([
    ['as a text', () => String(secret)],
    ['as JSON', () => JSON.parse(JSON.stringify(secret)) as string],
    ['inspected', () => inspect(record)],
  ])('shows [redacted] %s', (_, show) => {
    expect(show()).toBe('[redacted]');
  });

  test('has no property to list, copy or spread', () => {
    expect(Object.keys(secret)).toEqual([]);
    expect(Object.assign({}, secret)).toEqual({});
  });

  test('is revealed by reveal()', () => {
    expect(secret.reveal()).toBe('hunter2');
  });
});
