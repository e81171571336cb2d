import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import { CurveFault, type Curve, type CurveSource } from '../../src/crypto/curve.ts';
import { curveSources } from '../../src/crypto/curve-sources.ts';
import { createEventVerifier } from '../../src/crypto/event-verifier.ts';
import { openToken } from '../../src/crypto/sealed-token.ts';
import { generatePrivateKey } from '../../src/crypto/server-key.ts';
import { TestedCurve } from '../../src/crypto/tested-curve.ts';
import { SILENT_TELEMETRY } from '../../src/ops/telemetry.ts';
import { sealedTokens } from '../sealed-bodies.ts';
import { giftWraps } from '../wire-events.ts';

// Each secp256k1 library of this machine, tested as the program tests it: verifying whole events of
// 2 KB, and opening sealed tokens.

const EVENTS = 64;

function onExhausted(fault: CurveFault): void {
  throw fault;
}

/** @returns nothing where the library is not there */
function only(source: CurveSource): Curve[] {
  try {
    return [new TestedCurve({ sources: [source], telemetry: SILENT_TELEMETRY, onExhausted })];
  } catch (error) {
    if (error instanceof CurveFault) return [];
    throw error;
  }
}

const curves = new Map((await curveSources()).flatMap(only).map((curve) => [curve.library, curve]));
const privateKey = generatePrivateKey();
const tokens = sealedTokens(privateKey);
const key = Buffer.from(privateKey, 'hex');
const recipients = Array.from({ length: EVENTS }, () => 'ab'.repeat(32));
const events = (await giftWraps(recipients)).map((text) => JSON.parse(text) as NostrEvent);

function verify(curve: Curve, count: number): void {
  const verifier = createEventVerifier(curve);
  for (let n = 0; n < count; n++) {
    if (verifier.verify(events[n % EVENTS] as NostrEvent) !== 'genuine')
      throw new Error('an event that is not genuine');
  }
}

function unseal(curve: Curve, count: number): void {
  for (let n = 0; n < count; n++) {
    if (typeof openToken(tokens[n % tokens.length] as Buffer, key, curve) === 'string')
      throw new Error('a token that does not open');
  }
}

process.on('message', (message) => {
  if (message === 'libraries') process.send?.({ libraries: [...curves.keys()] });
  const { count, kind, library } = message as { count?: number; kind?: string; library?: string };
  const curve = library === undefined ? undefined : curves.get(library);
  if (count === undefined || curve === undefined) return;
  if (kind === 'verify') verify(curve, count);
  else unseal(curve, count);
  process.send?.({ done: count });
});
process.stderr.write('ready\n');
