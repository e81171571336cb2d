import { readFileSync } from 'node:fs';

/** One vector of `test/vectors/sealed-token.json`, made with other libraries than the server's. */
export interface SealedTokenVector {
  readonly name: string;
  readonly server_private_key: string;
  readonly server_pubkey: string;
  readonly ephemeral_private_key: string;
  readonly shared_x: string;
  /** What the encryption key is derived from: `shared_x`, or a hash of the shared point. */
  readonly ikm: string;
  readonly key: string;
  readonly nonce: string;
  readonly encrypted_token: string;
}

interface ValidVector extends SealedTokenVector {
  readonly format: 'mostro-push-v1' | 'mostro-push-v2';
  readonly platform: 'android' | 'ios' | 'webpush';
  readonly token: string;
}

interface InvalidVector extends SealedTokenVector {
  readonly message: string;
}

const file = new URL('../vectors/sealed-token.json', import.meta.url);
const vectors = JSON.parse(readFileSync(file, 'utf8')) as { valid: ValidVector[]; invalid: InvalidVector[] };

export const validVectors = vectors.valid;
export const invalidVectors = vectors.invalid;

export function fromHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64'));
}
