import { Phone } from '../stand-ins/phone.ts';
import { WebPushSubscription } from '../stand-ins/web-push-subscription.ts';
import type { Testbed } from './testbed.ts';

/** A push as the push service saw it. */
interface ObservedPush {
  readonly at: number;
  /** The exact body. If it is encrypted, the text that the phone decrypts. */
  readonly body: string;
  /** The length of the ciphertext in bytes, if it was encrypted. */
  readonly encryptedBytes?: number;
  /** Everything else in the request that could reveal something. */
  readonly envelope: string;
}

interface ObservedPhoneOptions {
  readonly name: string;
  readonly serverUrl: string;
  readonly kind: 'android' | 'ios';
  readonly through: 'FCM' | 'UnifiedPush';
  readonly subscription?: WebPushSubscription;
}

/** A phone with a new trade key, the times of the events for it, and the pushes that it got. */
export class ObservedPhone extends Phone {
  readonly through: 'FCM' | 'UnifiedPush';
  /** The times at which an event for it was published. Each should cause one push. */
  readonly publishedAt: number[] = [];
  readonly #testbed: Testbed;

  constructor(testbed: Testbed, { through, ...phone }: ObservedPhoneOptions) {
    super(phone);
    this.through = through;
    this.#testbed = testbed;
  }

  /** Every push so far, the first one first. */
  get pushes(): readonly ObservedPush[] {
    const { google, unifiedPush } = this.#testbed;
    if (this.through === 'FCM') {
      return google.pushes.all
        .filter(({ token }) => token === this.token)
        .map(({ at, raw, headers }) => ({ at, body: raw, envelope: JSON.stringify(headers) }));
    }
    return unifiedPush.pushes.all
      .filter(({ path }) => this.token.endsWith(path))
      .map(({ at, body, headers }) => ({
        at,
        body: this.subscription?.decrypt(body) ?? body.toString(),
        envelope: JSON.stringify(headers),
        encryptedBytes: body.length,
      }));
  }

  /** The time from publishing to the first push, in milliseconds. */
  get latencyMs(): number | undefined {
    const [publishedAt] = this.publishedAt;
    const [push] = this.pushes;
    return publishedAt === undefined || push === undefined ? undefined : push.at - publishedAt;
  }

  /** How many of the pushes were caused by an event. */
  get pushesCalledFor(): number {
    return Math.min(this.pushes.length, this.publishedAt.length);
  }

  async untilPushed(): Promise<void> {
    const { google, unifiedPush } = this.#testbed;
    await (this.through === 'FCM'
      ? google.pushes.atLeast(1, { where: ({ token }) => token === this.token })
      : unifiedPush.pushes.atLeast(1, { where: ({ path }) => this.token.endsWith(path) }));
  }
}

/** The four phones of the demo. */
export function observedPhones(
  testbed: Testbed,
  serverUrl: string,
): Record<'alice' | 'bob' | 'carol' | 'dave', ObservedPhone> {
  const fcm = { serverUrl, through: 'FCM' } as const;
  const subscription = new WebPushSubscription(testbed.unifiedPush.endpoint('Carol7Kq2'));
  const unifiedPush = { serverUrl, through: 'UnifiedPush', subscription } as const;
  return {
    alice: new ObservedPhone(testbed, { ...fcm, name: 'Alice', kind: 'android' }),
    bob: new ObservedPhone(testbed, { ...fcm, name: 'Bob', kind: 'ios' }),
    carol: new ObservedPhone(testbed, { ...unifiedPush, name: 'Carol', kind: 'android' }),
    dave: new ObservedPhone(testbed, { ...fcm, name: 'Dave', kind: 'android' }),
  };
}
