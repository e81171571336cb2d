import { createECDH, randomBytes, type ECDH } from 'node:crypto';

import ece from 'http_ece';

interface SubscriptionJson {
  endpoint: string;
  keys: { p256dh: string; auth: string };
}

/**
 * A Web Push subscription of an app, as a UnifiedPush connector or a browser makes one: it keeps the private key. What comes
 * is decrypted by the library of the author of RFC 8188, so that the server's encryption has a witness.
 */
export class WebPushSubscription {
  readonly endpoint: string;
  readonly keys: { readonly p256dh: string; readonly auth: string };
  readonly #pair: ECDH;

  /** @param pair the app's key pair of P-256; a fresh one by default */
  constructor(endpoint: string, pair?: ECDH, auth = randomBytes(16).toString('base64url')) {
    this.endpoint = endpoint;
    this.#pair = pair ?? freshPair();
    this.keys = { p256dh: this.#pair.getPublicKey('base64url'), auth };
  }

  /** In the form of the W3C's `PushSubscription`. */
  toJSON(): SubscriptionJson {
    return { endpoint: this.endpoint, keys: { ...this.keys } };
  }

  /** The text that is sealed in place of a token (contract 3.2). */
  get sealedContent(): string {
    return JSON.stringify({ endpoint: this.endpoint, ...this.keys });
  }

  /** Decrypts a message that was pushed. @throws Error when it is not for this subscription */
  decrypt(body: Buffer): string {
    const parameters = { version: 'aes128gcm', privateKey: this.#pair, authSecret: this.keys.auth } as const;
    return ece.decrypt(body, parameters).toString('utf8');
  }
}

function freshPair(): ECDH {
  const pair = createECDH('prime256v1');
  pair.generateKeys();
  return pair;
}
