import { readFileSync } from 'node:fs';

import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { pointFromScalar, signSchnorr } from 'tiny-secp256k1';
import { describe, expect, test } from 'vitest';

import { drawHex, pick, seededDraw, type Draw } from '../../test/support/draw.ts';
import { everyCurve } from '../../test/support/every-curve.ts';
import { fromHex } from '../../test/support/sealed-token-vectors.ts';
import type { Curve } from './curve.ts';
import { answersRightly } from './known-answers.ts';

/** How many inputs all libraries are asked about. CURVE_INPUTS=100000 takes some minutes. */
const INPUTS = Number(process.env['CURVE_INPUTS'] ?? 1500);
/** How many wrong inputs each library gets: more than the WebAssembly library once survived. CURVE_FLOOD=1000000 takes some minutes. */
const FLOOD = Number(process.env['CURVE_FLOOD'] ?? 12_000);
const POINTS = Math.ceil(INPUTS / 3);
const SEED = Number(process.env['CURVE_SEED'] ?? 1);

const { Fn, Fp } = secp256k1.Point;
const curves = await everyCurve();

const vectorFile = (name: string): string =>
  readFileSync(new URL(`../../test/vectors/${name}`, import.meta.url), 'utf8');
/** https://github.com/bitcoin/bips/blob/master/bip-0340/test-vectors.csv: those whose message has 32 bytes. */
const BIP340 = vectorFile('bip340.csv')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split(','))
  .map(([index = '', key = '', message = '', signature = '', result = '']) => ({
    index,
    publicKey: fromHex(key),
    message: fromHex(message),
    signature: fromHex(signature),
    isGenuine: result === 'TRUE',
  }));
const OFF_THE_CURVE = JSON.parse(vectorFile('keys-off-the-curve.json')) as {
  off: string[];
  beyondTheField: string[];
};
const NO_POINTS = [...OFF_THE_CURVE.off, ...OFF_THE_CURVE.beyondTheField].map((hex) => fromHex(hex));

const toBytes = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0'));
/** Numbers near which an implementation may go wrong. */
const BOUNDARIES = [
  0n,
  1n,
  2n,
  Fn.ORDER / 2n,
  Fn.ORDER - 1n,
  Fn.ORDER,
  Fn.ORDER + 2n,
  Fp.ORDER - 1n,
  Fp.ORDER,
]
  .concat([2n ** 256n - 1n])
  .map((value) => toBytes(value));

interface Question {
  readonly message: Uint8Array;
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

function drawScalar(draw: Draw): Uint8Array {
  const bytes = fromHex(drawHex(draw, 64));
  // Below the order and not zero, for any drawn number.
  bytes[0] = (bytes[0] as number) & 0x7f;
  bytes[31] = (bytes[31] as number) | 1;
  return bytes;
}

function genuine(draw: Draw): Question {
  const privateKey = drawScalar(draw);
  const publicKey = (pointFromScalar(privateKey, true) as Uint8Array).slice(1);
  const message = draw(8) === 0 ? pick(draw, BOUNDARIES) : fromHex(drawHex(draw, 64));
  return { message, publicKey, signature: signSchnorr(message, privateKey, fromHex(drawHex(draw, 64))) };
}

function flipped(bytes: Uint8Array, draw: Draw): Uint8Array {
  const [at, bit] = [draw(bytes.length), 1 << draw(8)];
  return bytes.map((byte, index) => (index === at ? byte ^ bit : byte));
}

/** A genuine signature with one thing changed. */
const FORGERIES: readonly ((question: Question, draw: Draw) => Question)[] = [
  (question, draw) => ({ ...question, signature: flipped(question.signature, draw) }),
  (question, draw) => ({ ...question, message: flipped(question.message, draw) }),
  (question, draw) => ({ ...question, publicKey: flipped(question.publicKey, draw) }),
  (question, draw) => ({ ...question, publicKey: pick(draw, NO_POINTS) }),
  (question, draw) => ({ ...question, publicKey: pick(draw, BOUNDARIES) }),
  ({ signature, ...rest }, draw) => ({
    ...rest,
    signature: Buffer.concat([signature.subarray(0, 32), pick(draw, BOUNDARIES)]),
  }),
  ({ signature, ...rest }, draw) => ({
    ...rest,
    signature: Buffer.concat([pick(draw, BOUNDARIES), signature.subarray(32)]),
  }),
  ({ signature, ...rest }) => {
    const s = Fn.neg(Fn.fromBytes(signature.subarray(32)));
    return { ...rest, signature: Buffer.concat([signature.subarray(0, 32), toBytes(s)]) };
  },
  (_, draw) => ({
    message: pick(draw, BOUNDARIES),
    publicKey: pick(draw, BOUNDARIES),
    signature: Buffer.concat([pick(draw, BOUNDARIES), pick(draw, BOUNDARIES)]),
  }),
];

function answersOf(ask: (curve: Curve) => unknown): unknown[] {
  return curves.map(ask);
}

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex');

describe('all libraries that this machine has', () => {
  test(`give the same answers about ${INPUTS} genuine, forged and boundary signatures`, () => {
    const draw = seededDraw(SEED);
    const counts = { genuine: 0, forged: 0 };
    for (let n = 0; n < INPUTS; n++) {
      const original = genuine(draw);
      const isGenuine = draw(3) === 0;
      const asked = isGenuine ? original : pick(draw, FORGERIES)(original, draw);
      const { message, publicKey, signature } = asked;
      const answers = answersOf((curve) => curve.verifySchnorr(message, publicKey, signature));
      if (answers.some((answer) => answer !== isGenuine))
        expect.fail(
          `${JSON.stringify(answers)}, not ${isGenuine}: ${[message, publicKey, signature].map(hex).join(' ')}`,
        );
      counts[isGenuine ? 'genuine' : 'forged']++;
    }
    expect(Math.min(counts.genuine, counts.forged)).toBeGreaterThan(INPUTS / 5);
  });

  test(`find the same point, or none, for ${POINTS} keys, on the curve and off it`, () => {
    const draw = seededDraw(SEED + 1);
    for (let n = 0; n < POINTS; n++) {
      const privateKey = draw(4) === 0 ? pick(draw, BOUNDARIES) : drawScalar(draw);
      const x = pick(draw, [
        () => (pointFromScalar(drawScalar(draw), true) as Uint8Array).slice(1),
        () => pick(draw, NO_POINTS),
        () => pick(draw, BOUNDARIES),
        () => fromHex(drawHex(draw, 64)),
      ])();
      const publicKey = Uint8Array.of(pick(draw, [2, 2, 2, 3, 3, 0, 4, 6]), ...x);
      const [first, ...others] = answersOf((curve) => hex(curve.sharedPoint(privateKey, publicKey)));
      if (others.some((other) => other !== first))
        expect.fail(`${[first, ...others].join(' ')}: ${[privateKey, publicKey].map(hex).join(' ')}`);
    }
  });

  test('know the one key whose x-coordinate is the order of the curve', () => {
    const publicKey = toBytes(Fn.ORDER);
    const message = new Uint8Array(32);
    const signature = Buffer.concat([toBytes(1n), toBytes(1n)]);
    const expected = schnorr.verify(signature, message, publicKey);
    expect(answersOf((curve) => curve.verifySchnorr(message, publicKey, signature))).toEqual(
      curves.map(() => expected),
    );
  });
});

describe.each(curves)('$library', (curve) => {
  test.each(BIP340)('answers vector $index of BIP-340', ({ isGenuine, message, publicKey, signature }) => {
    expect(curve.verifySchnorr(message, publicKey, signature)).toBe(isGenuine);
  });

  test('answers its known questions', () => {
    expect(answersRightly(curve)).toBe(true);
  });

  test.each([
    ['message', [31, 32, 64]],
    ['message', [33, 32, 64]],
    ['key', [32, 33, 64]],
    ['signature', [32, 32, 65]],
    ['signature', [32, 32, 0]],
  ])('calls what has a %s of another length not genuine', (_, [message = 0, key = 0, signature = 0]) => {
    expect(curve.verifySchnorr(new Uint8Array(message), new Uint8Array(key), new Uint8Array(signature))).toBe(
      false,
    );
  });

  test(`is right after ${FLOOD} bad keys, signatures and points`, () => {
    const draw = seededDraw(SEED + 2);
    const original = genuine(draw);
    const { message, publicKey, signature } = original;
    const privateKey = drawScalar(draw);
    const beyond = Buffer.concat([signature.subarray(0, 32), toBytes(Fn.ORDER)]);
    const answers = new Set<unknown>();
    for (let n = 0; n < FLOOD; n++) {
      const noPoint = pick(draw, NO_POINTS);
      if (n % 3 === 0) answers.add(curve.verifySchnorr(message, noPoint, signature));
      else if (n % 3 === 1)
        answers.add(curve.sharedPoint(privateKey, Uint8Array.of(2 + draw(2), ...noPoint)));
      else if (n % 30 === 2) answers.add(curve.verifySchnorr(flipped(message, draw), publicKey, signature));
      else answers.add(curve.verifySchnorr(message, publicKey, beyond));
    }
    expect(answers).toEqual(new Set([false, undefined]));
    expect(curve.verifySchnorr(message, publicKey, signature)).toBe(true);
    expect(answersRightly(curve)).toBe(true);
  });
});
