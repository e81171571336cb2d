import { createHmac } from 'node:crypto';

import { derivedKey } from './derived-key.ts';

const KEY_BYTES = 32;
const PLACES = 2 ** 32;

/**
 * Gives each device its place on the wheel of heartbeats, the same at every server of a fleet. Only who has the server's key can tell it.
 *
 * @returns for a device (`deviceOf`), a number from 0 to 1, without 1
 */
export function heartbeatPlaces(serverPrivateKey: Uint8Array): (device: string) => number {
  const key = derivedKey(serverPrivateKey, 'heartbeat-place', KEY_BYTES);
  return (device) => createHmac('sha256', key).update(device).digest().readUInt32BE() / PLACES;
}
