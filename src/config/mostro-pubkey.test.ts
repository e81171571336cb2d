import { npubEncode, nsecEncode } from 'nostr-tools/nip19';
import { generateSecretKey } from 'nostr-tools/pure';
import { describe, expect, test } from 'vitest';

import { assembleConfig, readVariables, type Config } from './config.ts';
import { parseMostroPubkey } from './mostro-pubkey.ts';
import type { Values } from './variables.ts';

const [A, B] = ['0a'.repeat(32), 'b1'.repeat(32)] as const;
const NPUB = npubEncode(A);
const NSEC = nsecEncode(generateSecretKey());

function mostroOf(environment: Record<string, string>): Config['mostro'] {
  const { values, problems } = readVariables(environment);
  expect(problems).toEqual([]);
  return assembleConfig(values as Values).mostro;
}

describe('the public key of a Mostro instance', () => {
  test.each([
    ['hex', A],
    ['hex in upper case', A.toUpperCase()],
    ['an npub', NPUB],
    ['an npub in upper case', NPUB.toUpperCase()],
  ])('may be %s', (_, written) => {
    expect(parseMostroPubkey(written)).toBe(A);
  });

  test('may be the npub that NIP-19 has for an example', () => {
    expect(parseMostroPubkey('npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg')).toBe(
      '7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e',
    );
  });

  test.each([
    ['empty', ''],
    ['63 hex characters', A.slice(1)],
    ['65 hex characters', `${A}0`],
    ['64 characters of which one is no hex', `${A.slice(1)}g`],
    ['a private key', NSEC],
    ['an npub with a bad checksum', NPUB.replace(/.$/, (last) => (last === 'q' ? 'p' : 'q'))],
    ['an npub that is cut off', NPUB.slice(0, -1)],
    ['an npub in mixed case', NPUB.replace('npub', 'NPUB')],
    ['an npub of 31 bytes', npubEncode(A.slice(2))],
    ['the prefix alone', 'npub1'],
  ])('is not %s', (_, written) => {
    expect(parseMostroPubkey(written)).toBeUndefined();
  });
});

describe('MOSTRO_PUBKEYS', () => {
  test.each([
    ['hex and npub', `${B},${NPUB}`, [B, A]],
    ['one key in three ways', `${A},${NPUB}, ${A.toUpperCase()}`, [A]],
    ['blanks and nothing between commas', ` ${A} ,, ${B} , `, [A, B]],
  ])('takes %s', (_, written, pubkeys) => {
    expect(mostroOf({ MOSTRO_PUBKEYS: written })).toEqual({ pubkeys, relayDiscovery: false });
  });

  test.each([
    ['commas alone', ' , '],
    ['a private key', NSEC],
    ['a private key among public ones', `${A},${NSEC}`],
    ['the beginning of a private key', NSEC.slice(0, 20)],
    ['63 hex characters', A.slice(1)],
  ])('with %s is refused, and nothing of it is said', (_, written) => {
    const { values, problems } = readVariables({ MOSTRO_PUBKEYS: written });
    expect(problems).toEqual([
      'MOSTRO_PUBKEYS: expected public keys, 64 hex characters or npub, separated by commas',
    ]);
    expect(values).not.toHaveProperty('MOSTRO_PUBKEYS');
  });
});

describe('MOSTRO_RELAY_DISCOVERY', () => {
  test('is for the instances of MOSTRO_PUBKEYS', () => {
    expect(mostroOf({ MOSTRO_PUBKEYS: NPUB, MOSTRO_RELAY_DISCOVERY: 'true' })).toEqual({
      pubkeys: [A],
      relayDiscovery: true,
    });
  });

  test.each([{}, { MOSTRO_PUBKEYS: '' }, { MOSTRO_PUBKEYS: ' ' }])('needs them: %j', (environment) => {
    const { problems } = readVariables({ ...environment, MOSTRO_RELAY_DISCOVERY: 'true', SERVER_PORT: 'x' });
    expect(problems).toEqual([
      'SERVER_PORT: expected a whole number from 0 to 65535, got "x"',
      'MOSTRO_RELAY_DISCOVERY: needs MOSTRO_PUBKEYS',
    ]);
  });

  test('says nothing more where they are there but wrong', () => {
    const { problems } = readVariables({ MOSTRO_PUBKEYS: NSEC, MOSTRO_RELAY_DISCOVERY: 'true' });
    expect(problems).toHaveLength(1);
  });

  test('that is off needs none', () => {
    expect(mostroOf({ MOSTRO_RELAY_DISCOVERY: 'false' })).toEqual({ pubkeys: [], relayDiscovery: false });
  });
});
