import { namesDevice } from './record-codec.ts';

/** More than any registration takes: an endpoint has 1000 bytes at the most, its keys 109. Only an FCM token far longer than Google's takes more. */
const DEVICE_BYTES = 1216;
/** One record of a device, and a few of other kinds that came within the same commit. */
const STEP_BYTES = 1280;
/** What is sealed together when a file is written anew: some milliseconds' work. */
export const LONG_FRAME_BYTES = 64 * 1024;

/**
 * How long the content of a frame is made, in bytes, so that the length of a commit tells nothing of a device: neither its platform nor
 * its push service. Every record of a device counts as the longest one would. Only what is together beyond
 * {@link LONG_FRAME_BYTES} counts with its own length, in steps of as many: there one device is one of fifty.
 */
export function commitBytes(records: readonly Uint8Array[]): number {
  let counted = 0;
  for (const record of records)
    counted += namesDevice(record) ? Math.max(DEVICE_BYTES, record.length) : record.length;
  return counted <= LONG_FRAME_BYTES ? stepsOf(STEP_BYTES, counted) : longFrameBytes(records);
}

/** How long the content of a frame is made when a file is written anew: what fits, and all that is behind it, in one length. */
export function longFrameBytes(records: readonly Uint8Array[]): number {
  return stepsOf(
    LONG_FRAME_BYTES,
    records.reduce((sum, { length }) => sum + length, 0),
  );
}

/** Whether a frame's content has a length that is made here: an earlier version made others, which told more. */
export function isUsualLength(length: number): boolean {
  return (
    length % LONG_FRAME_BYTES === 0 ||
    (length % STEP_BYTES === 0 && length <= stepsOf(STEP_BYTES, LONG_FRAME_BYTES))
  );
}

function stepsOf(step: number, bytes: number): number {
  return Math.max(1, Math.ceil(bytes / step)) * step;
}
