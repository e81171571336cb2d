import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseLogLevel } from './log-level.ts';

describe('a log level', () => {
  test.each([
    ['trace', 'trace'],
    ['debug', 'debug'],
    ['info', 'info'],
    ['warn', 'warn'],
    ['warning', 'warn'],
    ['error', 'error'],
    ['off', 'silent'],
    ['silent', 'silent'],
    ['INFO', 'info'],
    [' Debug ', 'debug'],
  ])('may be written %j', (written, level) => {
    expect(parseLogLevel(written)).toBe(level);
  });

  test.each(['', 'loud', 'info debug', 'info;debug', '5', 'info=', 'mostro_push=loud', 'hyper=loud'])(
    'is not %j',
    (written) => {
      expect(parseLogLevel(written)).toBeUndefined();
    },
  );

  test('is one of six or nothing, whatever is written', () => {
    const levels = [undefined, 'trace', 'debug', 'info', 'warn', 'error', 'silent'];
    const part = fc.constantFrom('info', 'debug', 'mostro_push', 'hyper', '=', ',', '/', ' ', 'x');
    fc.assert(
      fc.property(
        fc.array(part).map((parts) => parts.join('')),
        (written) => {
          expect(levels).toContain(parseLogLevel(written));
        },
      ),
    );
  });
});

describe('a filter as RUST_LOG has them', () => {
  test.each([
    ['mostro_push_backend=debug', 'debug'],
    ['info,mostro_push_backend=debug', 'debug'],
    ['mostro_push_backend=debug,info', 'debug'],
    ['mostro_push_backend::nostr=trace,info', 'trace'],
    ['warn,hyper=debug', 'warn'],
    ['hyper=debug', 'info'],
    ['warn, mostro_push = error', 'error'],
    ['debug/some text', 'debug'],
    ['error,mostro_push_backend=off', 'silent'],
  ])('%j means %s for us', (written, level) => {
    expect(parseLogLevel(written)).toBe(level);
  });
});
