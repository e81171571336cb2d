import { hash } from 'node:crypto';

/** Stands for these bytes: a SHA-256, so that nobody can make others that have the same one. */
export function fingerprintOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'base64');
}
