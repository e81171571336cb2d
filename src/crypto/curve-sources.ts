import { addonCurve } from './addon-curve.ts';
import type { CurveSource } from './curve.ts';
import { nativeCurve } from './native-curve.ts';
import { wasmCurve } from './wasm-curve.ts';

/** By the interface that each stands for, newest first: 0.7, 0.3 to 0.6, and 0.2 of Debian 12. */
const INTERFACES = [6, 2, 1];
const FILES = INTERFACES.flatMap((number) => [`libsecp256k1.so.${number}`, `libsecp256k1.${number}.dylib`]);

/** What works wherever Node does. */
export const WEB_ASSEMBLY: CurveSource = { isRenewable: true, load: wasmCurve };

/** The libraries that `npm ci` brings, the fastest first. */
export const BUNDLED: readonly CurveSource[] = [{ isRenewable: false, load: addonCurve }, WEB_ASSEMBLY];

/**
 * All libraries that there may be, the fastest first (docs/performance.md): the system's, the addon, WebAssembly. None is loaded
 * before it is needed.
 *
 * @param files where the system's may be
 */
export async function curveSources(files: readonly string[] = FILES): Promise<readonly CurveSource[]> {
  // An optional dependency: it may have no build for this platform.
  const koffi = await import('koffi').catch(() => undefined);
  if (koffi === undefined) return BUNDLED;
  const system = files.map((file) => ({
    isRenewable: false,
    load: () => nativeCurve(koffi.default, file),
  }));
  return [...system, ...BUNDLED];
}
