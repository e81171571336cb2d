import { p256 } from '@noble/curves/nist.js';

/** What a push server reads in the `Authorization` of a request (VAPID, RFC 8292). */
interface VapidToken {
  readonly header: unknown;
  readonly claims: { readonly aud?: string; readonly exp?: number; readonly sub?: string };
  /** 65 bytes as base64url. */
  readonly publicKey: string;
  /** Whether this key has signed the token. */
  readonly isSigned: boolean;
}

/** Reads an `Authorization` header; `undefined` where it is no VAPID token. The signature is checked by another library than the server's. */
export function readVapidToken(authorization = ''): VapidToken | undefined {
  const match = /^vapid t=([\w-]+)\.([\w-]+)\.([\w-]+), ?k=([\w-]{87})$/.exec(authorization);
  if (match === null) return undefined;
  const [, header = '', claims = '', signature = '', publicKey = ''] = match;
  const [signed, key] = [Buffer.from(`${header}.${claims}`), Buffer.from(publicKey, 'base64url')];
  return {
    header: JSON.parse(Buffer.from(header, 'base64url').toString('utf8')),
    claims: JSON.parse(Buffer.from(claims, 'base64url').toString('utf8')) as VapidToken['claims'],
    publicKey,
    isSigned: p256.verify(Buffer.from(signature, 'base64url'), signed, key, { lowS: false }),
  };
}
