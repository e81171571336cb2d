import { randomInt } from 'node:crypto';

import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';

import { sealToken } from './sealed-token.ts';
import type { WebPushSubscription } from './web-push-subscription.ts';

const TOKEN_ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-';

interface PhoneOptions {
  name: string;
  serverUrl: string;
  kind: 'android' | 'ios';
  /** An FCM registration token; a fresh one by default. */
  token?: string;
  /** A UnifiedPush endpoint, for a phone without Google. */
  endpoint?: string;
  /** A UnifiedPush endpoint with the keys that wakes are encrypted with. */
  subscription?: WebPushSubscription;
  /** Further fields of the body of its registration. */
  named?: PhoneNames;
}

interface PhoneNames {
  mostro_pubkey?: string;
  kind?: 'conversation';
  wake_policy?: string;
}

/** A phone with the Mostro app: one trade key, one device, and the HTTP calls the app makes. */
export class Phone {
  readonly name: string;
  readonly serverUrl: string;
  readonly kind: 'android' | 'ios';
  readonly tradeSecretKey = generateSecretKey();
  readonly tradePubkey = getPublicKey(this.tradeSecretKey);
  /** What the app registers: the endpoint if the phone has one, and its FCM token otherwise. */
  readonly token: string;
  readonly subscription: WebPushSubscription | undefined;
  readonly named: PhoneNames;

  constructor({ name, serverUrl, kind, token, endpoint, subscription, named = {} }: PhoneOptions) {
    this.name = name;
    this.serverUrl = serverUrl;
    this.kind = kind;
    this.token = subscription?.endpoint ?? endpoint ?? token ?? freshFcmToken();
    this.subscription = subscription;
    this.named = named;
  }

  /** Registers the trade key, sealing the token for the server unless told to send it plain. */
  async register({ sealed = true } = {}): Promise<{ status: number; body: unknown }> {
    const { kind, subscription, token } = this;
    const plain = subscription === undefined ? { token, platform: kind } : { subscription };
    const device = sealed ? { encrypted_token: await this.#sealedToken() } : plain;
    return this.#post('/api/register', { trade_pubkey: this.tradePubkey, ...device, ...this.named });
  }

  async unregister(): Promise<{ status: number; body: unknown }> {
    return this.#post('/api/unregister', { trade_pubkey: this.tradePubkey });
  }

  async #sealedToken(): Promise<string> {
    const response = await fetch(new URL('/api/info', this.serverUrl));
    const info = await response.json();
    const { kind, subscription, token } = this;
    const content =
      subscription === undefined
        ? ({ platform: kind, token } as const)
        : ({ platform: 'webpush', token: subscription.sealedContent, format: 'mostro-push-v2' } as const);
    return sealToken({ serverPubkey: serverPubkey(info), ...content });
  }

  async #post(path: string, body: object): Promise<{ status: number; body: unknown }> {
    const response = await fetch(new URL(path, this.serverUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }
}

function serverPubkey(info: unknown): string {
  if (typeof info === 'object' && info !== null && 'server_pubkey' in info) {
    if (typeof info.server_pubkey === 'string') return info.server_pubkey;
  }
  throw new Error('/api/info names no server_pubkey');
}

function freshFcmToken(): string {
  return `${randomCharacters(22)}:APA91b${randomCharacters(134)}`;
}

function randomCharacters(length: number): string {
  return Array.from({ length }, () => TOKEN_ALPHABET[randomInt(TOKEN_ALPHABET.length)]).join('');
}
