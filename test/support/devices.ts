import { randomBytes } from 'node:crypto';

import { expect } from 'vitest';

import { companionOf } from '../../stand-ins/companion.ts';
import { post } from './http.ts';
import { POLICY } from './wake-policy.ts';
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
  if (POLICY === 'cohorts') {
    await registerWithCompanions(apiUrl, devices);
    return devices;
  }
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

/** One after another: the two devices of a cohort are registered together. */
async function registerWithCompanions(apiUrl: string, devices: readonly Device[]): Promise<void> {
  const known = new Set<string>();
  for (const { key, token } of devices) {
    const isKnown = known.has(token);
    known.add(token);
    await register(apiUrl, { key, token });
    if (!isKnown) await register(apiUrl, { key: randomBytes(32).toString('hex'), token: companionOf(token) });
  }
}

async function register(apiUrl: string, { key, token }: Device): Promise<void> {
  const body = { trade_pubkey: key, token, platform: 'android' };
  expect(await post(`${apiUrl}/api/register`, body)).toMatchObject({ status: 200 });
}

/** An event for each device, signed by a fast library. Signing thousands in JavaScript would block the server in the same process. */
export function eventsFor(devices: readonly Device[]): ReturnType<typeof swiftEvents> {
  return swiftEvents(devices.map(({ key }) => ({ recipient: key, kind: 1059, ageSeconds: 0 })));
}
