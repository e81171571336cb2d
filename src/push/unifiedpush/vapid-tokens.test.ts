import { describe, expect, test } from 'vitest';

import { readVapidToken } from '../../../stand-ins/vapid-token.ts';
import { FakeClock } from '../../../test/support/fake-clock.ts';
import { HOUR_MS } from '../../core/basics/clock.ts';
import { deriveVapidKey } from '../../crypto/vapid-key.ts';
import { VapidTokens } from './vapid-tokens.ts';

const KEY = deriveVapidKey(new Uint8Array(32).fill(7));
const ORIGIN = 'https://push.example:8443';

/** RFC 8292, section 2.4; the signature there can only be checked, since ECDSA draws a number. */
const RFC_HEADER =
  'vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE0NTM1MjM3N' +
  'jgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpiUfnK9ojFwDXb1JrErtmys' +
  'azNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SDYic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs';

function setUp(subject?: string) {
  const clock = new FakeClock();
  const tokens = new VapidTokens({ ...KEY, subject }, clock.read);
  return { clock, tokens, seconds: () => Math.floor(clock.read() / 1000) };
}

describe('the vector of RFC 8292', () => {
  test('is accepted by the independent check that all other tokens are given to', () => {
    expect(readVapidToken(RFC_HEADER)).toMatchObject({
      claims: { aud: 'https://push.example.net', exp: 1453523768, sub: 'mailto:push@example.com' },
      isSigned: true,
    });
    expect(readVapidToken(RFC_HEADER.replace('.i3CY', '.i3CZ'))).toMatchObject({ isSigned: false });
  });
});

describe('a VAPID token', () => {
  test('names its audience, its expiry and the contact, as RFC 8292 requires', async () => {
    const { tokens, seconds } = setUp('mailto:push@example.com');
    const token = readVapidToken(await tokens.header(ORIGIN));
    expect(token).toEqual({
      header: { typ: 'JWT', alg: 'ES256' },
      claims: { aud: ORIGIN, exp: seconds() + 12 * 3600, sub: 'mailto:push@example.com' },
      publicKey: KEY.publicKey,
      isSigned: true,
    });
    expect(Object.keys(token?.claims ?? {})).toEqual(['aud', 'exp', 'sub']);
  });

  test('has no contact if none is configured', async () => {
    const { tokens } = setUp();
    expect(readVapidToken(await tokens.header(ORIGIN))?.claims).not.toHaveProperty('sub');
  });

  test('is used again for its origin for eight hours, and no longer', async () => {
    const { clock, tokens } = setUp();
    const first = await tokens.header(ORIGIN);
    clock.advance(8 * HOUR_MS - 1);
    expect(await tokens.header(ORIGIN)).toBe(first);
    clock.advance(1);
    expect(await tokens.header(ORIGIN)).not.toBe(first);
  });

  test('is another token for another origin', async () => {
    const { tokens } = setUp();
    const headers = await Promise.all([ORIGIN, 'https://other.example'].map((one) => tokens.header(one)));
    expect(headers.map((header) => readVapidToken(header)?.claims.aud)).toEqual([
      ORIGIN,
      'https://other.example',
    ]);
  });

  test('is made once for any number of requests at the same time', async () => {
    const { tokens } = setUp();
    const headers = await Promise.all(Array.from({ length: 20 }, () => tokens.header(ORIGIN)));
    expect(new Set(headers).size).toBe(1);
  });

  test('that was made before the clock was set back is not used again', async () => {
    const { clock, tokens, seconds } = setUp();
    const first = await tokens.header(ORIGIN);
    clock.advance(-24 * HOUR_MS);
    const second = await tokens.header(ORIGIN);
    expect(second).not.toBe(first);
    expect(readVapidToken(second)?.claims.exp).toBe(seconds() + 12 * 3600);
  });

  test('is made again after it was refused', async () => {
    const { tokens } = setUp();
    const first = await tokens.header(ORIGIN);
    tokens.drop(ORIGIN);
    expect(await tokens.header(ORIGIN)).not.toBe(first);
  });

  test('is kept for five thousand origins, and then the oldest is dropped', async () => {
    const { tokens } = setUp();
    const first = await tokens.header(ORIGIN);
    const second = await tokens.header('https://second.example');
    for (let n = 0; n < 4999; n++) await tokens.header(`https://push-${n}.example`);
    expect(await tokens.header('https://second.example')).toBe(second);
    expect(await tokens.header(ORIGIN)).not.toBe(first);
  });
});
