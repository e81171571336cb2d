import { namesDevice } from './record-codec.ts';

/** What a record with a device counts. Any registration is shorter (an endpoint has at most 1000 bytes, its keys 109), except with an FCM token far longer than Google's. */
const DEVICE_BYTES = 1216;
/** Room for one record with a device and a few other records of the same commit. */
const STEP_BYTES = 1280;
/** The length of a frame in a rewrite: to fill and seal one takes some milliseconds, which is the longest pause of a rewrite. */
export const LONG_FRAME_BYTES = 64 * 1024;

/**
 * The length to which the records of a commit are filled up, in bytes. It hides the platform and the push service of a device: every record
 * with a device counts as the longest one would, and the sum is rounded up to a step. A commit beyond {@link LONG_FRAME_BYTES} is
 * rounded up from its real length, to a multiple of that; there, one device is one of fifty.
 */
export function commitBytes(records: readonly Uint8Array[]): number {
  let counted = 0;
  for (const record of records)
    counted += namesDevice(record) ? Math.max(DEVICE_BYTES, record.length) : record.length;
  return counted <= LONG_FRAME_BYTES ? stepsOf(STEP_BYTES, counted) : longFrameBytes(records);
}

/** The length to which the records of a frame are filled up in a rewrite: a multiple of {@link LONG_FRAME_BYTES}, nearly always one. */
export function longFrameBytes(records: readonly Uint8Array[]): number {
  return stepsOf(
    LONG_FRAME_BYTES,
    records.reduce((sum, { length }) => sum + length, 0),
  );
}

/** Whether this version gives a frame's content this length. Earlier versions had other lengths, which told more. */
export function isUsualLength(length: number): boolean {
  return (
    length % LONG_FRAME_BYTES === 0 ||
    (length % STEP_BYTES === 0 && length <= stepsOf(STEP_BYTES, LONG_FRAME_BYTES))
  );
}

function stepsOf(step: number, bytes: number): number {
  return Math.max(1, Math.ceil(bytes / step)) * step;
}
