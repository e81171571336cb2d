import { expect } from 'vitest';

import { memberFor, type Member } from '../contracts/wake-share.contract.ts';
import type { Schedule } from '../../src/core/basics/clock.ts';
import type { SharedWake } from '../../src/core/fleet/wake-share.ts';
import type { TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import type { EngineFleet, EngineMember } from './engine-fleet.ts';

const KEY = 'ab'.repeat(32) as TradePubkey;

/** A server of an {@link EngineFleet}, with a listener that keeps all that it is told. */
export type Server = EngineMember & Omit<Member, 'share' | 'owedDevices'>;

/** A wake for the device, which is woken alone. */
export function wakeOf(device: string): SharedWake {
  return { device, group: device, keys: [KEY], kind: 'silent_wake', isVouched: false };
}

/** @see EngineFleet.join */
export async function join(
  fleet: EngineFleet,
  options?: { port?: number; beatMs?: number; schedule?: Schedule; isCurrent?: () => boolean },
): Promise<Server> {
  const { listener, member } = memberFor();
  return Object.assign(member, await fleet.join(listener, options));
}

/** Servers that know of each other. */
export async function joinAll(fleet: EngineFleet, count: 2 | 3): Promise<[Server, Server, Server]> {
  const servers: Server[] = [];
  for (let number = 0; number < count; number++) servers.push(await join(fleet));
  await expect.poll(() => servers.map(({ share }) => share.servers)).toEqual(servers.map(() => count));
  return servers as [Server, Server, Server];
}

/** Resolves when the engine has heard of the server once more. */
export async function nextBeat({ names, server }: EngineFleet, { share }: Server): Promise<void> {
  const score = (): Promise<unknown> => server.command('ZSCORE', names.members, share.session);
  const former = await score();
  await expect.poll(score).not.toBe(former);
}

/** A device whose wakes the server sends. */
export function deviceOf({ share }: Server, label = 'device'): string {
  for (let number = 0; ; number++) if (share.owns(`${label} ${number}`)) return `${label} ${number}`;
}
