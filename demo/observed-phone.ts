import { Phone } from '../stand-ins/phone.ts';
import { WebPushSubscription } from '../stand-ins/web-push-subscription.ts';
import type { Testbed } from './testbed.ts';

/** A push as the push service saw it. */
interface ObservedPush {
  readonly at: number;
  /** The body, to the letter; of an encrypted one what the phone makes of it. */
  readonly body: string;
  /** How many bytes of ciphertext it was, if it was encrypted. */
  readonly encryptedBytes?: number;
  /** All else of the request that could tell something. */
  readonly envelope: string;
}

interface ObservedPhoneOptions {
  readonly name: string;
  readonly serverUrl: string;
  readonly kind: 'android' | 'ios';
  readonly through: 'FCM' | 'UnifiedPush';
  readonly subscription?: WebPushSubscription;
}

/** A phone with a fresh trade key, what was published for it, and the pushes that it got. */
export class ObservedPhone extends Phone {
  readonly through: 'FCM' | 'UnifiedPush';
  /** When something was published for it, each time worth one push. */
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

  /** From publishing to the first push. */
  get latencyMs(): number | undefined {
    const [publishedAt] = this.publishedAt;
    const [push] = this.pushes;
    return publishedAt === undefined || push === undefined ? undefined : push.at - publishedAt;
  }

  /** How many of the pushes something was published for. */
  get pushesCalledFor(): number {
    return Math.min(this.pushes.length, this.publishedAt.length);
  }

  async untilPushed(timeoutMs: number): Promise<void> {
    const { google, unifiedPush } = this.#testbed;
    await (this.through === 'FCM'
      ? google.pushes.atLeast(1, { timeoutMs, where: ({ token }) => token === this.token })
      : unifiedPush.pushes.atLeast(1, { timeoutMs, where: ({ path }) => this.token.endsWith(path) }));
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
