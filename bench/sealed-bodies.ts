import { parseServerKey } from '../src/crypto/server-key.ts';
import { sealToken } from '../stand-ins/sealed-token.ts';
import { device, fcmToken } from './devices.ts';

/** How many different sealed tokens there are. Any of them can be registered under any key. */
const TOKENS = 300;

/** Tokens sealed to a server. @param privateKey the server's, in hex */
export function sealedTokens(privateKey: string): Buffer[] {
  const key = parseServerKey(privateKey);
  if (key === undefined) throw new Error('no key');
  const { publicKeyHex: serverPubkey } = key;
  return Array.from({ length: TOKENS }, () =>
    Buffer.from(sealToken({ serverPubkey, platform: 'android', token: fcmToken() }), 'base64'),
  );
}

/** This many bodies of sealed registrations, for new keys. */
export function sealedBodies(tokens: readonly Buffer[], count: number): string[] {
  return Array.from({ length: count }, (_, n) =>
    JSON.stringify({
      trade_pubkey: device().tradePubkey,
      encrypted_token: tokens[n % tokens.length]?.toString('base64'),
    }),
  );
}
