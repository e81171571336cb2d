import { ConfigError } from '../config/config.ts';
import { generatePrivateKey, parseServerKey } from '../crypto/server-key.ts';
import { deriveVapidKey } from '../crypto/vapid-key.ts';
import type { Io } from './io.ts';
import { readStartup } from './read-startup.ts';

/** A fresh server key, as lines for `.env`. */
export function keygen(): string {
  const privateKey = generatePrivateKey();
  const key = parseServerKey(privateKey);
  if (key === undefined) throw new TypeError('a generated key is no key');
  return `# public key ${key.publicKeyHex}\n# ${key.npub}\nSERVER_PRIVATE_KEY=${privateKey}\n`;
}

/**
 * The Web Push key that the present subscriptions are bound to, as lines for `.env`. After a change of the server's key that is the one
 * derived from the key before.
 *
 * @throws ConfigError if the configuration is not usable, or if there is no server key yet
 */
export async function keygenVapid(io: Io): Promise<string> {
  const { config, previousKey, serverKey } = await readStartup(io, { createKey: false, use: 'read' });
  if (config.vapid.privateKey !== undefined)
    return "# VAPID_PRIVATE_KEY is set: subscriptions do not depend on the server's key\n";
  const key = previousKey ?? serverKey;
  if (key === undefined)
    throw new ConfigError([`${config.key.file}: there is no server key yet; the first start makes it`]);
  const from = previousKey === undefined ? "the server's key" : 'SERVER_PRIVATE_KEY_PREVIOUS';
  const { privateKey, publicKey } = deriveVapidKey(key.privateKey.reveal());
  const { d = '' } = privateKey.export({ format: 'jwk' });
  const scalar = Buffer.from(d, 'base64url').toString('hex');
  return `# derived from ${from}; its public key is ${publicKey}\nVAPID_PRIVATE_KEY=${scalar}\n`;
}
