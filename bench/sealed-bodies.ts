import { sealToken } from '../src/crypto/sealed-token.ts';
import { parseServerKey } from '../src/crypto/server-key.ts';
import { device, fcmToken } from './devices.ts';

/** Different sealed tokens; any of them may be registered under any key. */
const TOKENS = 300;

/** Tokens sealed to a server. @param privateKey the server's, in hex */
export function sealedTokens(privateKey: string): Buffer[] {
  const key = parseServerKey(privateKey);
  if (key === undefined) throw new Error('no key');
  return Array.from({ length: TOKENS }, () =>
    Buffer.from(sealToken({ platform: 'android', token: fcmToken() }, key.publicKey)),
  );
}

/** So many bodies of sealed registrations, of keys that are new. */
export function sealedBodies(tokens: readonly Buffer[], count: number): string[] {
  return Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      trade_pubkey: device().tradePubkey,
      encrypted_token: tokens[n % tokens.length]?.toString('base64'),
    }),
  );
}
