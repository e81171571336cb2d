import type { Curve } from './curve.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex, 'hex');

/** Test vector 1 of BIP-340. */
const GENUINE = {
  message: bytes('243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89'),
  publicKey: bytes('dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659'),
  signature: bytes(
    '6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a',
  ),
};
/** The same vector with one bit of its `s` changed. */
const FORGED = { ...GENUINE, signature: GENUINE.signature.map((byte, at) => (at === 63 ? byte ^ 1 : byte)) };
/** From test vector 5 of BIP-340: an x-coordinate that no point has. */
const NO_POINT = bytes('eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34');
/** The private key of test vector 1 of BIP-340, the public key of test vector 2, and their shared point. */
const EXCHANGE = {
  privateKey: bytes('b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef'),
  publicKey: bytes('02dd308afec5777e13121fa72b9cc1b7cc0139715309b086c960e18fd969774eb8'),
  point: bytes('03ca77ad739864d3f6f599f93842f48c89d5a9a7d0c867b767d53bf96f03557627'),
};

/** Whether a library still accepts a genuine signature. */
export function knowsTheGenuine(curve: Curve): boolean {
  const { message, publicKey, signature } = GENUINE;
  return isTrue(() => curve.verifySchnorr(message, publicKey, signature));
}

/** Whether a library still finds a shared point. */
export function findsTheSharedPoint(curve: Curve): boolean {
  const { point, privateKey, publicKey } = EXCHANGE;
  return isTrue(() => Buffer.compare(curve.sharedPoint(privateKey, publicKey) ?? NO_POINT, point) === 0);
}

/** Whether a library answers four questions with known answers rightly: a genuine signature, two forged ones, and a shared point. */
export function answersRightly(curve: Curve): boolean {
  const { message, publicKey, signature } = FORGED;
  return (
    knowsTheGenuine(curve) &&
    isTrue(() => !curve.verifySchnorr(message, publicKey, signature)) &&
    isTrue(() => !curve.verifySchnorr(message, NO_POINT, signature)) &&
    findsTheSharedPoint(curve)
  );
}

/** False also for a library that throws. */
function isTrue(question: () => boolean): boolean {
  try {
    return question();
  } catch {
    return false;
  }
}
