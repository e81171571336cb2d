import { curveSources } from '../src/crypto/curve-sources.ts';
import type { Curve } from '../src/crypto/curve.ts';
import { TestedCurve } from '../src/crypto/tested-curve.ts';
import { SILENT_TELEMETRY } from '../src/ops/telemetry.ts';

/** The curve library that the program would choose on this machine, tested as the program tests it. */
export async function fastestCurve(): Promise<Curve> {
  return new TestedCurve({
    sources: await curveSources(),
    telemetry: SILENT_TELEMETRY,
    onExhausted: (fault) => {
      throw fault;
    },
  });
}
