import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js';
import { describe, expect, test } from 'vitest';

import { fakeLibrary, type Ailment, type FakeLibrary } from '../../test/support/fake-curve.ts';
import { FakeTelemetry } from '../../test/support/fake-telemetry.ts';
import { fromHex } from '../../test/support/sealed-token-vectors.ts';
import { CurveFault } from './curve.ts';
import { TestedCurve } from './tested-curve.ts';

const SECRET = fromHex('77'.repeat(32));
const KEY = schnorr.getPublicKey(SECRET);
const MESSAGE = fromHex('12'.repeat(32));
const SIGNATURE = schnorr.sign(MESSAGE, SECRET);
const FORGED = SIGNATURE.map((byte, at) => (at === 63 ? byte ^ 1 : byte));
const POINT = secp256k1.getPublicKey(fromHex('66'.repeat(32)), true);
const SHARED = secp256k1.getSharedSecret(SECRET, POINT, true);

function choose(...sources: FakeLibrary[]): {
  curve: TestedCurve;
  telemetry: FakeTelemetry;
  faults: unknown[];
} {
  const telemetry = new FakeTelemetry();
  const faults: unknown[] = [];
  const curve = new TestedCurve({ sources, telemetry, onExhausted: (fault) => faults.push(fault) });
  return { curve, telemetry, faults };
}

const EVERY_AILMENT: Ailment[] = [
  'throws',
  'says no',
  'says yes',
  'believes any signature by a key on the curve',
  'believes any signature by a key off the curve',
  'wrong point',
  'no point',
];

describe('at the start', () => {
  test('the first library that answers rightly is taken, and none behind it is loaded', () => {
    const [first, second] = [fakeLibrary('first'), fakeLibrary('second')];
    expect(choose(first, second).curve.library).toBe('first');
    expect(second.loads).toBe(0);
  });

  test.each(EVERY_AILMENT)('a library that %s is never taken, and the log names it', (ailment) => {
    const bad = fakeLibrary('bad', { ailment });
    const { curve, telemetry } = choose(bad, fakeLibrary('good'));
    expect(curve.library).toBe('good');
    expect(telemetry.logged('curve.unfit')).toEqual([{ reason: 'bad' }]);
    expect(curve.replaced).toBeUndefined();
  });

  test('without any library that answers rightly there is no curve', () => {
    expect(() => choose(fakeLibrary('bad', { ailment: 'says yes' }))).toThrow(CurveFault);
  });
});

describe('a library that goes wrong later', () => {
  test.each<Ailment>(['throws', 'says no'])(
    'and %s is replaced within the call, which answers as if nothing had been',
    (ailment) => {
      const bad = fakeLibrary('bad');
      const { curve, telemetry, faults } = choose(bad, fakeLibrary('good'));
      bad.ailment = ailment;
      expect(curve.verifySchnorr(MESSAGE, KEY, SIGNATURE)).toBe(true);
      expect(curve.verifySchnorr(MESSAGE, KEY, FORGED)).toBe(false);
      expect([curve.library, curve.replaced]).toEqual(['good', 'bad']);
      expect(telemetry.logged('curve.replaced')).toEqual([{ reason: 'bad' }]);
      expect(faults).toEqual([]);
    },
  );

  test.each<Ailment>(['throws', 'no point'])('and %s for a point is replaced within the call', (ailment) => {
    const bad = fakeLibrary('bad');
    const { curve } = choose(bad, fakeLibrary('good'));
    bad.ailment = ailment;
    expect(curve.sharedPoint(SECRET, POINT)).toEqual(SHARED);
    expect(curve.library).toBe('good');
  });

  test.each(EVERY_AILMENT)('and %s is found out by a test that nothing has asked for', (ailment) => {
    const bad = fakeLibrary('bad');
    const { curve } = choose(bad, fakeLibrary('good'));
    curve.test();
    expect(curve.library).toBe('bad');
    bad.ailment = ailment;
    curve.test();
    expect(curve.library).toBe('good');
  });

  test.each<Ailment>(['says yes', 'wrong point'])('and %s is found out within 1024 calls', (ailment) => {
    const bad = fakeLibrary('bad');
    const { curve } = choose(bad, fakeLibrary('good'));
    bad.ailment = ailment;
    for (let call = 0; call < 1024; call++) curve.verifySchnorr(MESSAGE, KEY, SIGNATURE);
    expect(curve.library).toBe('good');
    expect(curve.verifySchnorr(MESSAGE, KEY, FORGED)).toBe(false);
  });

  test('is replaced by a new instance of itself, where it can be had', () => {
    const wasm = fakeLibrary('wasm', { isRenewable: true });
    const { curve, faults } = choose(wasm);
    for (let round = 1; round <= 3; round++) {
      wasm.ailment = 'throws';
      expect(curve.verifySchnorr(MESSAGE, KEY, SIGNATURE)).toBe(true);
      expect(wasm.loads).toBe(1 + round);
    }
    expect(faults).toEqual([]);
  });

  test('is told once for all of its instances, and counted each time', () => {
    const wasm = fakeLibrary('wasm', { isRenewable: true });
    const { curve, telemetry } = choose(wasm);
    for (let round = 1; round <= 3; round++) {
      wasm.ailment = 'says no';
      curve.verifySchnorr(MESSAGE, KEY, SIGNATURE);
    }
    expect(telemetry.logged('curve.replaced')).toEqual([{ reason: 'wasm' }]);
    expect(telemetry.total('curve_faults', 'wasm', 'wrong answer')).toBe(3);
  });
});

describe('an error that passes', () => {
  test('replaces no library, and answers nothing', () => {
    const library = fakeLibrary('library');
    const { curve } = choose(library, fakeLibrary('other'));
    let errors = 1;
    Object.defineProperty(library, 'poison', { get: () => (errors-- > 0 ? MESSAGE[0] : undefined) });
    expect(curve.verifySchnorr(MESSAGE, KEY, SIGNATURE)).toBe(true);
    expect([curve.library, curve.replaced]).toEqual(['library', undefined]);
  });
});

describe('an input that every library fails on', () => {
  test('has no answer, and takes a bounded number of instances; the next input has its answer', () => {
    const wasm = fakeLibrary('wasm', { isRenewable: true });
    wasm.poison = MESSAGE[0] as number;
    const { curve, faults } = choose(wasm);
    expect(() => curve.verifySchnorr(MESSAGE, KEY, SIGNATURE)).toThrow(CurveFault);
    expect(wasm.loads).toBeLessThan(8);
    const other = fromHex('34'.repeat(32));
    expect(curve.verifySchnorr(other, KEY, schnorr.sign(other, SECRET))).toBe(true);
    expect(faults).toEqual([]);
  });
});

describe('when no library is left', () => {
  test.each<Ailment>(['throws', 'says no'])(
    'after one that %s, the fault is told once, and nothing is answered',
    (ailment) => {
      const last = fakeLibrary('last');
      const { curve, faults } = choose(last);
      last.ailment = ailment;
      for (let call = 0; call < 3; call++) {
        expect(() => curve.verifySchnorr(MESSAGE, KEY, SIGNATURE)).toThrow(CurveFault);
        expect(() => curve.sharedPoint(SECRET, POINT)).toThrow(CurveFault);
      }
      expect(faults).toHaveLength(1);
      expect(curve.isExhausted).toBe(true);
    },
  );

  test('a test that nothing has asked for tells it', () => {
    const last = fakeLibrary('last');
    const { curve, faults } = choose(last);
    last.ailment = 'wrong point';
    curve.test();
    curve.test();
    expect(faults).toEqual([expect.any(CurveFault)]);
  });
});
