import type { Curve, CurveSource } from '../../src/crypto/curve.ts';
import { wasmCurve } from '../../src/crypto/wasm-curve.ts';

/** How a library goes wrong. */
export type Ailment =
  | 'throws'
  | 'says no'
  | 'says yes'
  | 'believes any signature by a key on the curve'
  | 'believes any signature by a key off the curve'
  | 'wrong point'
  | 'no point';

export interface FakeLibrary extends CurveSource {
  /** If set, the library goes wrong. A renewable library works again after it is loaded again. */
  ailment: Ailment | undefined;
  /** The first byte of a message for which the library always throws. */
  poison?: number;
  readonly loads: number;
}

/** A library that gives right answers until the test sets an ailment. */
export function fakeLibrary(
  library: string,
  { isRenewable = false, ailment }: { isRenewable?: boolean; ailment?: Ailment } = {},
): FakeLibrary {
  const real = wasmCurve();
  let loads = 0;
  const fake = {
    isRenewable,
    ailment,
    get loads() {
      return loads;
    },
    load(): Curve {
      if (loads++ > 0) fake.ailment = undefined;
      return curveOf(fake, library, real);
    },
  } as FakeLibrary;
  return fake;
}

function curveOf(fake: FakeLibrary, library: string, real: Curve): Curve {
  const isOnCurve = (publicKey: Uint8Array): boolean =>
    real.sharedPoint(Buffer.alloc(32, 1), Buffer.concat([Buffer.of(2), publicKey])) !== undefined;
  return {
    library,
    isNative: true,
    verifySchnorr(message, publicKey, signature) {
      if (fake.ailment === 'throws' || message[0] === fake.poison)
        throw new Error('memory access out of bounds');
      if (fake.ailment === 'says no') return false;
      if (fake.ailment === 'says yes') return true;
      if (fake.ailment === 'believes any signature by a key on the curve' && isOnCurve(publicKey))
        return true;
      if (fake.ailment === 'believes any signature by a key off the curve' && !isOnCurve(publicKey))
        return true;
      return real.verifySchnorr(message, publicKey, signature);
    },
    sharedPoint(privateKey, publicKey) {
      if (fake.ailment === 'throws') throw new Error('memory access out of bounds');
      if (fake.ailment === 'no point') return undefined;
      const point = real.sharedPoint(privateKey, publicKey);
      return fake.ailment === 'wrong point' ? point?.map((byte) => byte ^ 1) : point;
    },
  };
}
