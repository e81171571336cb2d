import { ECDH } from 'node:crypto';

import type { WebPushKeys } from '../core/registry/push-target.ts';
import type { ParseWebPushKeys } from '../core/registry/web-push-subscription.ts';

const POINT_BYTES = 65;
const AUTH_BYTES = 16;
/** The first byte of a point that is written uncompressed (SEC 1), the only form that RFC 8291 knows. */
const UNCOMPRESSED = 0x04;

/**
 * Reads the keys of a Web Push subscription: a point on P-256, without which no wake could be encrypted, and 16 bytes. Taken
 * is base64url, as the W3C's JSON has it, and plain base64, as some clients write it, with or without padding.
 */
export const parseWebPushKeys: ParseWebPushKeys = (p256dh, auth): WebPushKeys | undefined => {
  const [point, secret] = [decode(p256dh), decode(auth)];
  if (point === undefined || secret?.length !== AUTH_BYTES || !isPoint(point)) return undefined;
  return { p256dh: point.toString('base64url'), auth: secret.toString('base64url') };
};

function decode(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // Node decodes whatever it is given; what does not come out again as it went in was no base64.
  const plain = text
    .replace(/={0,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return bytes.toString('base64url') === plain ? bytes : undefined;
}

function isPoint(bytes: Buffer): boolean {
  if (bytes.length !== POINT_BYTES || bytes[0] !== UNCOMPRESSED) return false;
  try {
    ECDH.convertKey(bytes, 'prime256v1'); // Throws for what is not on the curve.
    return true;
  } catch {
    return false;
  }
}
