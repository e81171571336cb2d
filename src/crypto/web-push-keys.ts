import { ECDH } from 'node:crypto';

import type { WebPushKeys } from '../core/registry/push-target.ts';
import type { ParseWebPushKeys } from '../core/registry/web-push-subscription.ts';

const POINT_BYTES = 65;
const AUTH_BYTES = 16;
/** The first byte of an uncompressed point (SEC 1), the only form in RFC 8291. */
const UNCOMPRESSED = 0x04;

/**
 * Reads the keys of a Web Push subscription: a point on P-256, for which wakes are encrypted, and a secret of 16 bytes. Both may be
 * base64url, as the W3C's JSON has it, or plain base64, as some clients write it, with or without padding.
 */
export const parseWebPushKeys: ParseWebPushKeys = (p256dh, auth): WebPushKeys | undefined => {
  const [point, secret] = [decode(p256dh), decode(auth)];
  if (point === undefined || secret?.length !== AUTH_BYTES || !isPoint(point)) return undefined;
  return { p256dh: point.toString('base64url'), auth: secret.toString('base64url') };
};

function decode(text: unknown): Buffer | undefined {
  if (typeof text !== 'string') return undefined;
  const bytes = Buffer.from(text, 'base64url');
  // Node skips characters that are not base64. So the text is base64 only if encoding gives the same text again.
  const plain = text
    .replace(/={0,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return bytes.toString('base64url') === plain ? bytes : undefined;
}

function isPoint(bytes: Buffer): boolean {
  if (bytes.length !== POINT_BYTES || bytes[0] !== UNCOMPRESSED) return false;
  try {
    ECDH.convertKey(bytes, 'prime256v1'); // Throws if the point is not on the curve.
    return true;
  } catch {
    return false;
  }
}
