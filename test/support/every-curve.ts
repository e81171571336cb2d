import { curveSources } from '../../src/crypto/curve-sources.ts';
import type { Curve } from '../../src/crypto/curve.ts';

/** All curve libraries of this machine: WebAssembly always, the addon and the system's library if they are there. */
export async function everyCurve(): Promise<readonly Curve[]> {
  const sources = await curveSources();
  return sources.flatMap((source) => {
    try {
      return [source.load()];
    } catch {
      return [];
    }
  });
}
