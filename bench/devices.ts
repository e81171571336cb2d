import { createECDH, randomBytes } from 'node:crypto';

import type { WebPushKeys } from '../src/core/registry/push-target.ts';

/** A device as the server knows it. */
export interface Device {
  readonly tradePubkey: string;
  /** An FCM token, or the endpoint of a Web Push subscription. */
  readonly token: string;
  /** The keys of a Web Push subscription. */
  readonly keys?: WebPushKeys;
}

/** A token with the length of today's FCM tokens: 163 characters. */
export function fcmToken(): string {
  return `${randomBytes(17).toString('base64url').slice(0, 22)}:APA91b${randomBytes(101).toString('base64url').slice(0, 134)}`;
}

export function device(): Device {
  return { tradePubkey: randomBytes(32).toString('hex'), token: fcmToken() };
}

export function devices(count: number): Device[] {
  return Array.from({ length: count }, device);
}

/** This many Web Push subscriptions at one push server. All have the same keys, because making keys is not measured. */
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
