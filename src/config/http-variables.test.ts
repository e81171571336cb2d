import { describe, expect, test } from 'vitest';

import { assembleConfig, readVariables, type Config } from './config.ts';
import type { Values } from './variables.ts';

function configOf(environment: Record<string, string>): Config {
  const { values, problems } = readVariables(environment);
  expect(problems).toEqual([]);
  return assembleConfig(values as Values);
}

test('with no configuration at all, the API has the defaults of the contract', () => {
  expect(configOf({}).http).toEqual({
    host: '0.0.0.0',
    port: 8080,
    allowPlaintextTokens: true,
    publicUrl: undefined,
    addressSource: 'socket',
    rates: { registrationPerAddress: 120, notifyPerKey: 30, notifyPerAddress: 120 },
    registrationAuth: 'optional',
    allowedOrigins: '*',
    trustedInstancesOnly: false,
  });
});

describe('the address of a client', () => {
  test.each([
    [{}, 'socket'],
    [{ FLY_APP_NAME: 'push' }, 'socket'],
    [{ NOTIFY_TRUST_PROXY_HEADERS: 'true' }, 'x-forwarded-for'],
    [{ TRUST_PROXY: 'true' }, 'x-forwarded-for'],
    [{ TRUST_PROXY: 'true', FLY_APP_NAME: 'push' }, 'fly-client-ip'],
    [{ NOTIFY_TRUST_PROXY_HEADERS: 'false', TRUST_PROXY: 'true' }, 'socket'],
    [{ NOTIFY_TRUST_PROXY_HEADERS: 'true', TRUST_PROXY: 'false', FLY_APP_NAME: '' }, 'x-forwarded-for'],
  ])('with %j is read from %s', (environment, source) => {
    expect(configOf(environment).http.addressSource).toBe(source);
  });
});

test.each(['RATE_LIMIT_PER_MINUTE', 'NOTIFY_RATE_PER_PUBKEY_PER_MIN', 'NOTIFY_RATE_PER_IP_PER_MIN'])(
  '%s cannot be 0, which would refuse every client',
  (name) => {
    expect(readVariables({ [name]: '0' }).problems).toEqual([
      `${name}: expected a whole number from 1 to 1000000000, got "0"`,
    ]);
  },
);

test('PUBLIC_URL is kept without the slash at its end', () => {
  expect(configOf({ PUBLIC_URL: 'https://push.example/a/' }).http.publicUrl).toBe('https://push.example/a');
});

test.each(['push.example', 'ftp://push.example', 'https://user:pass@push.example', 'https://x/#y'])(
  'PUBLIC_URL cannot be %s',
  (url) => {
    const [problem] = readVariables({ PUBLIC_URL: url }).problems;
    expect(problem).toContain('PUBLIC_URL: expected an https:// (or http://) URL');
  },
);
