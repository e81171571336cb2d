import { createHash } from 'node:crypto';

import * as nip19 from 'nostr-tools/nip19';

/** A part of a secret: whoever finds so many of its bytes has found it. */
const PART_BYTES = 12;
/** By so many bytes spellings are looked up. */
const BEGINNING_BYTES = 4;

/**
 * A secret in every spelling in which it could stand somewhere: its bytes, from the front and from the back, as hex and as base64, and
 * the same of its usual hashes without a key.
 *
 * @param secret a text; 64 hex digits stand for 32 bytes, too
 */
export function spellings(secret: string): readonly Buffer[] {
  const isHex = /^[0-9a-f]{64}$/i.test(secret);
  const plain = [Buffer.from(secret), ...(isHex ? [Buffer.from(secret, 'hex')] : [])];
  const hashes = plain.flatMap((bytes) =>
    ['sha256', 'sha1', 'md5'].map((name) => createHash(name).update(bytes).digest()),
  );
  const all = [...plain, ...plain.map((bytes) => Buffer.from([...bytes].toReversed())), ...hashes];
  const texts = all.flatMap((bytes) => [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64Of(bytes),
  ]);
  const npub = isHex ? [nip19.npubEncode(secret.toLowerCase())] : [];
  return [
    ...all.map((bytes) => bytes.subarray(0, PART_BYTES)),
    ...texts.map((text) => Buffer.from(text.slice(0, 2 * PART_BYTES))),
    ...npub.map((text) => Buffer.from(text)),
  ];
}

/** Base64 spells bytes in three ways, by what stands before them. */
function base64Of(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .slice(4);
    return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
  });
}

/** Those of the secrets that are in the bytes, in any spelling. One pass over the bytes: there are thousands of spellings. */
export function foundIn(bytes: Buffer, secrets: readonly string[]): string[] {
  const byBeginning = new Map<number, { readonly secret: string; readonly spelling: Buffer }[]>();
  for (const secret of secrets)
    for (const spelling of spellings(secret)) {
      const beginning = spelling.readUInt32LE();
      const others = byBeginning.get(beginning);
      if (others === undefined) byBeginning.set(beginning, [{ secret, spelling }]);
      else others.push({ secret, spelling });
    }
  const found = new Set<string>();
  for (let at = 0; at + BEGINNING_BYTES <= bytes.length; at++)
    for (const { secret, spelling } of byBeginning.get(bytes.readUInt32LE(at)) ?? [])
      if (bytes.subarray(at, at + spelling.length).equals(spelling)) found.add(secret);
  return secrets.filter((secret) => found.has(secret));
}
