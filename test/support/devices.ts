import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect } from 'vitest';

import type { TestServer } from './test-server.ts';

/** A trade key and the FCM token that it is registered for. */
export interface Device {
  readonly key: string;
  readonly token: string;
}

/** Registers so many devices, with plain tokens. */
export async function registerDevices(server: TestServer, count: number): Promise<Device[]> {
  const devices = Array.from({ length: count }, (_, n) => ({
    key: getPublicKey(generateSecretKey()),
    token: `token-of-device-${n}`,
  }));
  for (let from = 0; from < count; from += 50) {
    const answers = await Promise.all(
      devices
        .slice(from, from + 50)
        .map(({ key, token }) =>
          server.post('/api/register', { trade_pubkey: key, token, platform: 'android' }),
        ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  }
  return devices;
}
