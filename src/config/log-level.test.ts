import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseLogLevel, parseRustLog } from './log-level.ts';

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

  test.each([
    '',
    'loud',
    'info debug',
    'info;debug',
    '5',
    'info=',
    'info,',
    'info,debug',
    'debug/some text',
    'mostro_push_backend',
    'mostro_push_backend=debug',
    'constructor',
    '__proto__',
    'toString',
  ])('is not %j', (written) => {
    expect(parseLogLevel(written)).toBeUndefined();
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
    ['mostro_push_backend', 'trace'],
    ['warn,mostro_push_backend', 'trace'],
    ['warn,hyper', 'warn'],
    ['info,', 'info'],
    [',debug', 'debug'],
    ['DEBUG', 'debug'],
    ['', 'info'],
    ['rubbish', 'info'],
    ['=', 'info'],
    ['constructor', 'info'],
    ['__proto__=debug', 'info'],
    ['mostro_push_backend=constructor', 'info'],
    ['mostro_push_backend=loud', 'info'],
    ['warn,mostro_push_backend=loud', 'warn'],
    ['error,rubbish,hyper=loud', 'error'],
  ])('%j means %s for us', (filter, level) => {
    expect(parseRustLog(filter)).toBe(level);
  });

  test('means one of six levels, whatever is written', () => {
    const levels = ['trace', 'debug', 'info', 'warn', 'error', 'silent'];
    const part = fc.constantFrom('info', 'debug', 'mostro_push', 'hyper', '=', ',', '/', ' ', 'x');
    const filter = fc.oneof(
      fc.string(),
      fc.array(part).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(filter, (written) => {
        expect(levels).toContain(parseRustLog(written));
      }),
    );
  });
});
