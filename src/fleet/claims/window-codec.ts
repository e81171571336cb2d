import type { DeviceWindow } from '../../core/waking/device-window.ts';

const TRACKS = ['vouched', 'unvouched', 'chat'] as const satisfies readonly DeviceWindow['track'][];
const PHASES = [
  'window',
  'cooldown',
  'counted',
  'suspect',
] as const satisfies readonly DeviceWindow['phase'][];
/** This phase and those after it hold no group to its server. The scripts see them so. */
export const COUNTED = PHASES.indexOf('counted');
/** Track (1), phase (1), milliseconds (4). */
export const WINDOW_BYTES = 6;
const NONE: readonly DeviceWindow[] = [];
const NO_BYTES = Buffer.alloc(0);

export function encodeWindows(windows: readonly DeviceWindow[]): Buffer {
  if (windows.length === 0) return NO_BYTES;
  const bytes = Buffer.allocUnsafe(windows.length * WINDOW_BYTES);
  for (const [index, { ms, phase, track }] of windows.entries()) {
    const at = index * WINDOW_BYTES;
    bytes[at] = TRACKS.indexOf(track);
    bytes[at + 1] = PHASES.indexOf(phase);
    bytes.writeUInt32BE(Math.max(0, Math.ceil(ms)), at + 2);
  }
  return bytes;
}

/** Leaves out windows of a kind that this version does not know. */
export function decodeWindows(bytes: Buffer): readonly DeviceWindow[] {
  if (bytes.length < WINDOW_BYTES) return NONE;
  const windows: DeviceWindow[] = [];
  for (let at = 0; at + WINDOW_BYTES <= bytes.length; at += WINDOW_BYTES) {
    const [track, phase] = [TRACKS[bytes[at] ?? -1], PHASES[bytes[at + 1] ?? -1]];
    if (track !== undefined && phase !== undefined)
      windows.push({ track, phase, ms: bytes.readUInt32BE(at + 2) });
  }
  return windows;
}
