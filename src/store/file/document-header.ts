import { createHash, randomBytes } from 'node:crypto';

import type { Secret } from '../../core/basics/secret.ts';
import { FrameSealer, SALT_BYTES } from './frame-sealer.ts';

const FORMAT = 'mostro-push-store/1';
const NOTE = "Sealed with the server's key. What it is, and how to back it up: docs/operations.md";
const HEADER =
  /^\{"format":"([^"]*)","note":"[^"]*","salt":"([0-9a-f]{64})","check":"([0-9a-f]{32})","digest":"([0-9a-f]{32})","frames":\[$/;

/** Ends the document behind its last frame, so that it is JSON at any time. The next frame is written over it. */
export const TRAILER = '\n]}\n';
/** Between a frame and the one before it. */
export const SEPARATOR = ',\n';

/** Makes the header of a new file, with a random salt: its sealing keys are those of no other file. */
export function newHeader(privateKey: Secret<Uint8Array>): { header: string; sealer: FrameSealer } {
  const salt = randomBytes(SALT_BYTES);
  const sealer = new FrameSealer(privateKey, salt);
  const [saltHex, { check }] = [salt.toString('hex'), sealer];
  const parts = {
    format: FORMAT,
    note: NOTE,
    salt: saltHex,
    check,
    digest: digestOf(FORMAT, saltHex, check),
  };
  return { header: `${JSON.stringify(parts).slice(0, -1)},"frames":[`, sealer };
}

/**
 * - `foreign`: no header of this program, in any version;
 * - `newer`: a header of another version;
 * - `damaged`: a header of this version whose digest does not match.
 */
export type HeaderProblem = 'foreign' | 'newer' | 'damaged';

/** Reads the header. @param line the first line of a file */
export function readHeader(line: string): { salt: Buffer; check: string } | HeaderProblem {
  const [, format, salt, check, digest] = HEADER.exec(line) ?? [];
  if (format !== undefined && salt !== undefined && check !== undefined) {
    if (digest !== digestOf(format, salt, check)) return 'damaged';
    return format === FORMAT ? { salt: Buffer.from(salt, 'hex'), check } : 'newer';
  }
  if (line.startsWith('{"format":"mostro-push-store/'))
    return line.startsWith(`{"format":"${FORMAT}"`) ? 'damaged' : 'newer';
  return 'foreign';
}

function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}
