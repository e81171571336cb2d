import { createECDH, randomBytes } from 'node:crypto';

import type { WebPushKeys } from '../src/core/registry/push-target.ts';

/** A phone as the server knows it. */
export interface Device {
  readonly tradePubkey: string;
  /** Or the endpoint of a Web Push subscription. */
  readonly token: string;
  /** Of a Web Push subscription. */
  readonly keys?: WebPushKeys;
}

/** A token as FCM gives them out today: 163 characters. */
export function fcmToken(): string {
  return `${randomBytes(17).toString('base64url').slice(0, 22)}:APA91b${randomBytes(101).toString('base64url').slice(0, 134)}`;
}

export function device(): Device {
  return { tradePubkey: randomBytes(32).toString('hex'), token: fcmToken() };
}

export function devices(count: number): Device[] {
  return Array.from({ length: count }, device);
}

/** So many Web Push subscriptions at one push server. All have the same keys: to make them is not what is measured. */
export function subscriptions(count: number, endpoints: string): Device[] {
  const keys = webPushKeys();
  return devices(count).map(({ tradePubkey }) => {
    return { tradePubkey, keys, token: `${endpoints}${randomBytes(24).toString('base64url')}` };
  });
}

export function webPushKeys(): WebPushKeys {
  const pair = createECDH('prime256v1');
  return {
    p256dh: pair.generateKeys().toString('base64url'),
    auth: randomBytes(16).toString('base64url'),
  };
}
