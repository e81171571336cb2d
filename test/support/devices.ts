import { randomBytes } from 'node:crypto';

import { expect } from 'vitest';

import { post } from './http.ts';
import { swiftEvents } from './swift-events.ts';

/** A trade key and the FCM token, or the endpoint, that it is registered with. */
export interface Device {
  readonly key: string;
  readonly token: string;
}

/** Registers this many devices, with plain tokens, or with the given addresses. */
export async function registerDevices(
  { apiUrl }: { readonly apiUrl: string },
  count: number,
  address = (n: number): string => `token-of-device-${n}`,
): Promise<Device[]> {
  const devices = Array.from({ length: count }, (_, n) => ({
    // A trade key does not have to be a point on the curve (contract 1.1).
    key: randomBytes(32).toString('hex'),
    token: address(n),
  }));
  for (let from = 0; from < count; from += 50) {
    const answers = await Promise.all(
      devices
        .slice(from, from + 50)
        .map(({ key, token }) =>
          post(`${apiUrl}/api/register`, { trade_pubkey: key, token, platform: 'android' }),
        ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  }
  return devices;
}

/** An event for each device, signed by a fast library. Signing thousands in JavaScript would block the server in the same process. */
export function eventsFor(devices: readonly Device[]): ReturnType<typeof swiftEvents> {
  return swiftEvents(devices.map(({ key }) => ({ recipient: key, kind: 1059, ageSeconds: 0 })));
}
