import { createECDH } from 'node:crypto';
import { isIP } from 'node:net';

import { urlTrouble } from './variable.ts';

/**
 * Reads a private key of P-256: 64 hex characters, or 43 of base64url, as tools for Web Push print it.
 *
 * @returns 64 hex characters in lower case, or `undefined` for any other text
 */
export function parseVapidPrivateKey(written: string): string | undefined {
  const hex = /^[\w-]{43}=?$/.test(written) ? Buffer.from(written, 'base64url').toString('hex') : written;
  if (!/^[0-9a-f]{64}$/i.test(hex)) return undefined;
  try {
    createECDH('prime256v1').setPrivateKey(hex, 'hex');
    return hex.toLowerCase();
  } catch {
    return undefined; // The number is 0 or not below the order of the curve.
  }
}

/** One address, without a display name and without the headers that a `mailto:` may have. Push services accept only this. */
const MAILTO = /^mailto:[^\s@<>?,:]+@[^\s@<>?,:]+\.[^\s@<>?,:.]+$/i;

/**
 * Reads the contact that push services get for this server (RFC 8292, 2.1): a `mailto:` or an `https:` URL.
 *
 * @returns the text as written, or `undefined` if it is neither
 */
export function parseVapidSubject(written: string): string | undefined {
  if (MAILTO.test(written)) return written;
  if (urlTrouble(written, 'https') !== undefined || !URL.canParse(written)) return undefined;
  const { username, password } = new URL(written);
  return username === '' && password === '' ? written : undefined;
}

/** Hosts that are not on the internet: names for one machine, one network or for tests (RFC 6761, RFC 6762), and names without a dot. */
const LOCAL_HOST = /^[^.]+$|(?:^|\.)(?:localhost|local|internal|invalid|lan|onion|test|home\.arpa)$/i;

/** Whether Apple's push service answers `BadJwtToken` for this contact, since its host cannot be reached from outside. @param subject as `parseVapidSubject` gives it */
export function isRefusedByApple(subject: string): boolean {
  const host = /^mailto:/i.test(subject)
    ? subject.slice(subject.indexOf('@') + 1)
    : new URL(subject).hostname;
  const name = host.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  return isIP(name) !== 0 || LOCAL_HOST.test(name);
}
