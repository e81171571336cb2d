import { addonCurve } from './addon-curve.ts';
import type { CurveSource } from './curve.ts';
import { nativeCurve } from './native-curve.ts';
import { wasmCurve } from './wasm-curve.ts';

/** The interface numbers in the library's file name, newest first: 6 is release 0.7, 2 is 0.3 to 0.6, 1 is 0.2 (Debian 12). */
const INTERFACES = [6, 2, 1];
const FILES = INTERFACES.flatMap((number) => [`libsecp256k1.so.${number}`, `libsecp256k1.${number}.dylib`]);

/** Works wherever Node works. */
export const WEB_ASSEMBLY: CurveSource = { isRenewable: true, load: wasmCurve };

/** The libraries that `npm ci` brings, the fastest first. */
export const BUNDLED: readonly CurveSource[] = [{ isRenewable: false, load: addonCurve }, WEB_ASSEMBLY];

/**
 * All libraries that this machine may have, the fastest first (docs/performance.md): the system's, the addon, WebAssembly. Each is
 * loaded when it is needed.
 *
 * @param files the names that the system's library may have
 */
export async function curveSources(files: readonly string[] = FILES): Promise<readonly CurveSource[]> {
  // koffi is an optional dependency: it may have no build for this platform.
  const koffi = await import('koffi').catch(() => undefined);
  if (koffi === undefined) return BUNDLED;
  const system = files.map((file) => ({
    isRenewable: false,
    load: () => nativeCurve(koffi.default, file),
  }));
  return [...system, ...BUNDLED];
}
