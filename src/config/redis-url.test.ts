import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { assembleConfig, readVariables } from './config.ts';
import { parseRedisUrl, type RedisAddress } from './redis-url.ts';
import type { Values } from './variables.ts';

const PLAIN = {
  host: 'engine.example',
  port: 6379,
  tls: false,
  user: undefined,
  password: undefined,
  database: 0,
};

function read(written: string): Record<string, unknown> {
  const address = parseRedisUrl(written) as RedisAddress;
  return { ...address, password: address.password?.reveal() };
}

describe('REDIS_URL', () => {
  test.each([
    ['redis://engine.example', {}],
    ['redis://engine.example/', {}],
    ['redis://engine.example:6380/7', { port: 6380, database: 7 }],
    ['rediss://engine.example', { tls: true }],
    ['REDISS://engine.example', { tls: true }],
    ['redis://:secret@engine.example', { password: 'secret' }],
    ['redis://alice:secret@engine.example/2', { user: 'alice', password: 'secret', database: 2 }],
    ['redis://alice:a%40b%2Fc%25:d@engine.example', { user: 'alice', password: 'a@b/c%:d' }],
    ['redis://localhost', { host: 'localhost' }],
    ['redis://my_engine-1:6379', { host: 'my_engine-1' }],
    ['redis://127.0.0.1', { host: '127.0.0.1' }],
    ['redis://[::1]:6380', { host: '::1', port: 6380 }],
    ['redis://:p@[2001:db8::1]/3', { host: '2001:db8::1', password: 'p', database: 3 }],
  ])('%s is an address', (written, parts) => {
    expect(read(written)).toEqual({ ...PLAIN, ...parts });
  });

  test.each([
    ['engine.example:6379', 'expected redis://'],
    ['http://engine.example', 'expected redis://'],
    ['redis:engine.example', 'expected redis://'],
    ['redis+sentinel://engine.example', 'the address of the primary'],
    ['redis-sentinel://engine.example', 'the address of the primary'],
    ['unix:///run/redis.sock', 'a socket in the file system does not work'],
    ['redis+unix:///run/redis.sock', 'a socket in the file system does not work'],
    ['redis-socket:///run/redis.sock', 'a socket in the file system does not work'],
    ['/run/redis.sock', 'a socket in the file system does not work'],
    ['valkey://engine.example', 'Valkey is written redis://'],
    ['valkeys://engine.example', 'Valkey is written redis://'],
    ['"redis://engine.example', 'expected redis://'],
    ['redis://', 'host'],
    ['redis:///1', 'host'],
    ['redis://:secret@', 'host'],
    ['redis://:6379', 'host'],
    ['redis://engine..example', 'host'],
    ['redis://::1', 'an IPv6 address is written in brackets'],
    ['redis://:secret@2001:db8::1/0', 'an IPv6 address is written in brackets'],
    ['redis://[::1', 'host'],
    ['redis://enginé.example', 'host'],
    ['redis://one:6379,two:6379', 'several addresses'],
    ['redis://engine.example:', 'port'],
    ['redis://engine.example:0', 'port'],
    ['redis://engine.example:65536', 'port'],
    ['redis://engine.example:port', 'port'],
    ['redis://engine.example/name', 'database'],
    ['redis://engine.example/-1', 'database'],
    ['redis://engine.example/1/2', 'database'],
    ['redis://engine.example/65536', 'database'],
    ['redis://engine.example?db=1', '%3F'],
    ['redis://:sec#ret@engine.example', '%23'],
    ['redis://:sec/ret@engine.example', '%2F'],
    ['redis://:sec@ret@engine.example', '%40'],
    ['redis://:sec%ret@engine.example', '%25'],
    ['redis://alice@engine.example', 'no password'],
    ['redis://alice:@engine.example', 'no password'],
    ['redis://:@engine.example', 'no password'],
    ['redis://engine.example redis://two', 'space'],
    ['redis://:sec\nret@engine.example', 'space or a line break'],
  ])('%j is refused with its trouble (%s)', (written, trouble) => {
    expect(parseRedisUrl(written)).toContain(trouble);
    const { problems } = readVariables({ STORE: 'redis', REDIS_URL: written });
    expect(problems).toEqual([expect.stringContaining('REDIS_URL: ')]);
    expect(problems.join('')).not.toMatch(/secret|sec.?ret/);
  });

  test('of any text is an address or a sentence that quotes nothing of it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 8 }), (text) => {
        for (const written of [`redis://${text}`, `redis://:${text}@host`, text]) {
          const result = parseRedisUrl(written);
          if (typeof result === 'string') expect(result).not.toContain(text);
        }
      }),
    );
  });

  test('of any password is read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (password) => {
        expect(read(`redis://:${encodeURIComponent(password)}@host`)['password']).toBe(password);
      }),
    );
  });

  test('is needed with STORE=redis, and is a secret', () => {
    expect(readVariables({ STORE: 'redis' }).problems).toEqual([
      'STORE: redis needs REDIS_URL, the address of Redis or Valkey',
    ]);
    const { values, problems } = readVariables({ STORE: 'redis', REDIS_URL: 'redis://:hidden@host' });
    expect(problems).toEqual([]);
    const { store } = assembleConfig(values as Values);
    expect(store).toMatchObject({ kind: 'redis', engine: { host: 'host' } });
    expect(JSON.stringify(store)).not.toContain('hidden');
    // A URL without STORE=redis is for `store copy`.
    expect(readVariables({ REDIS_URL: 'redis://host' }).problems).toEqual([]);
  });
});
