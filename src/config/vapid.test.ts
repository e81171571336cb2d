import { describe, expect, test } from 'vitest';

import { assembleConfig, readVariables, type Config } from './config.ts';
import type { Values } from './variables.ts';

function configOf(environment: Record<string, string>): Config {
  const { values, problems } = readVariables(environment);
  expect(problems).toEqual([]);
  return assembleConfig(values as Values);
}

describe('the VAPID configuration', () => {
  test.each([
    [{ VAPID_SUBJECT: 'mailto:a@b.example', PUBLIC_URL: 'https://push.example' }, 'mailto:a@b.example'],
    [{ PUBLIC_URL: 'https://push.example' }, 'https://push.example'],
    [{ PUBLIC_URL: 'http://push.example' }, undefined],
  ])('is VAPID_SUBJECT, else a PUBLIC_URL of https: %j', (environment, subject) => {
    expect(configOf(environment).vapid.subject).toBe(subject);
  });

  test('of the VAPID key becomes a secret, in hex, however it was written', () => {
    const hexKey = 'ab'.repeat(32);
    const written = [hexKey, hexKey.toUpperCase(), Buffer.from(hexKey, 'hex').toString('base64url')];
    for (const text of written) {
      const config = configOf({ VAPID_PRIVATE_KEY: text });
      expect(config.vapid.privateKey?.reveal()).toBe(hexKey);
      expect(JSON.stringify(config)).not.toContain(hexKey);
    }
  });

  test.each([
    ['0', '0'.repeat(64)],
    ['the order of the curve', 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'],
    ['beyond it', 'f'.repeat(64)],
    ['0 in base64url', 'A'.repeat(43)],
    ['too short', 'ab'.repeat(31)],
    ['a public key', `B${'x'.repeat(86)}`],
  ])('of a VAPID key that is %s, without a character of it', (_, key) => {
    expect(readVariables({ VAPID_PRIVATE_KEY: key }).problems).toEqual([
      'VAPID_PRIVATE_KEY: expected a private key of P-256: 64 hex characters or 43 of base64url',
    ]);
  });

  test.each(['mailto:ops@push.example', 'MAILTO:a.b+c@x.example', 'https://push.example/contact'])(
    'but not of the VAPID subject %s',
    (written) => {
      expect(configOf({ VAPID_SUBJECT: written }).vapid.subject).toBe(written);
    },
  );

  test.each([
    'ops@push.example',
    'mailto:',
    'mailto:ops',
    'mailto:ops@localhost',
    'mailto:<ops@push.example>',
    'mailto: ops@push.example',
    'mailto:a@b.example,c@d.example',
    'mailto:a@b.example?subject=x',
    'http://push.example',
    'https://',
    'https://a:b@push.example',
    'push.example',
  ])('of %j, which is no VAPID subject', (written) => {
    expect(readVariables({ VAPID_SUBJECT: written }).problems[0]).toMatch(
      /^VAPID_SUBJECT: expected mailto: and an address, or an https: URL/,
    );
  });
});
