import { curveSources } from '../../src/crypto/curve-sources.ts';
import type { Curve } from '../../src/crypto/curve.ts';

/** All libraries that this machine has: WebAssembly everywhere, the addon and the system's where they are. */
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
