import { createECDH } from 'node:crypto';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { WebPushSubscription } from '../../../stand-ins/web-push-subscription.ts';
import { encryptMessage } from './encrypt-message.ts';

const bytes = (text: string): Buffer => Buffer.from(text, 'base64url');

/** RFC 8291, section 5 and appendix A. */
const RFC = {
  plaintext: 'When I grow up, I want to be a watermelon',
  serverPrivate: 'yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw',
  clientPrivate: 'q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94',
  clientPublic: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
  salt: 'DGv6ra1nlYgDCS1FRnbzlw',
  auth: 'BTBZMqHH6r4Tts7J_aSIgg',
  body:
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK' +
    '6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
};

const subscription = new WebPushSubscription('https://push.example/up');

describe('the vector of RFC 8291', () => {
  test('is reproduced to the byte', () => {
    const message = Buffer.from(RFC.plaintext);
    const body = encryptMessage(message, { p256dh: RFC.clientPublic, auth: RFC.auth }, message.length, {
      privateKey: bytes(RFC.serverPrivate),
      salt: bytes(RFC.salt),
    });
    expect(body.toString('base64url')).toBe(RFC.body);
  });

  test('is decrypted by the independent subscription that all other messages are given to', () => {
    const pair = createECDH('prime256v1');
    pair.setPrivateKey(bytes(RFC.clientPrivate));
    const witness = new WebPushSubscription('https://push.example/', pair, RFC.auth);
    expect(witness.keys.p256dh).toBe(RFC.clientPublic);
    expect(witness.decrypt(bytes(RFC.body))).toBe(RFC.plaintext);
  });
});

describe('an encrypted message', () => {
  test('is decrypted unchanged by its subscription, and is 103 bytes longer than its padding', () => {
    const message = fc.string({ unit: 'grapheme', maxLength: 200 }).map((text) => Buffer.from(text));
    fc.assert(
      fc.property(message, fc.nat(64), (plain, padding) => {
        const body = encryptMessage(plain, subscription.keys, plain.length + padding);
        expect(body).toHaveLength(plain.length + padding + 103);
        expect(Buffer.from(subscription.decrypt(body))).toEqual(plain);
      }),
      { numRuns: 60 },
    );
  });

  test('is never the same twice: the salt, the key and the ciphertext differ', () => {
    const seen = Array.from({ length: 50 }, () =>
      encryptMessage(Buffer.from('wake'), subscription.keys, 64).toString('latin1'),
    );
    for (const [from, to] of [
      [0, 16],
      [21, 86],
      [86, 167],
    ]) {
      expect(new Set(seen.map((body) => body.slice(from, to))).size).toBe(50);
    }
  });

  test('has the header of RFC 8188: one record of 4096 bytes, a key of 65', () => {
    const body = encryptMessage(Buffer.from('wake'), subscription.keys, 64);
    expect([body.readUInt32BE(16), body[20], body[21]]).toEqual([4096, 65, 4]);
  });

  test('cannot be decrypted by another subscription', () => {
    const body = encryptMessage(Buffer.from('wake'), subscription.keys, 64);
    const other = new WebPushSubscription('https://push.example/');
    expect(() => other.decrypt(body)).toThrow('unable to authenticate');
  });

  test('that is longer than its padding is refused', () => {
    expect(() => encryptMessage(Buffer.alloc(65), subscription.keys, 64)).toThrow(RangeError);
  });
});
