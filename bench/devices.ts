import { randomBytes } from 'node:crypto';

/** A phone as the server knows it. */
export interface Device {
  readonly tradePubkey: string;
  readonly token: string;
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
