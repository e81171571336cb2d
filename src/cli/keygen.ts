import { generatePrivateKey, parseServerKey } from '../crypto/server-key.ts';

/** A fresh server key, as lines for `.env`. */
export function keygen(): string {
  const privateKey = generatePrivateKey();
  const key = parseServerKey(privateKey);
  if (key === undefined) throw new TypeError('a generated key is no key');
  return `# public key ${key.publicKeyHex}\n# ${key.npub}\nSERVER_PRIVATE_KEY=${privateKey}\n`;
}
