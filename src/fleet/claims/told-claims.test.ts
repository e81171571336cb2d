import { expect, test } from 'vitest';

import type { SharedWake, WakeShareListener } from '../../core/fleet/wake-share.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { EngineFleet, type EngineMember } from '../../../test/support/engine-fleet.ts';
import { describeEngines } from '../../../test/support/redis-engine.ts';

const EVENT = 'e1'.repeat(32);
const KEY = 'ab'.repeat(32) as TradePubkey;

interface Hearer extends EngineMember {
  readonly heard: { readonly half: string; readonly lot: number }[];
}

async function join(fleet: EngineFleet): Promise<Hearer> {
  const heard: Hearer['heard'] = [];
  const listener: WakeShareListener = {
    onHanded: async () => undefined,
    onOwed: () => undefined,
    onPaused: () => undefined,
    windowsOf: () => [],
    running: () => [],
    onMembership: () => undefined,
    onTold: (half, lot) => void heard.push({ half, lot }),
  };
  return Object.assign(await fleet.join(listener), { heard });
}

async function two(): Promise<{ fleet: EngineFleet; a: Hearer; b: Hearer }> {
  const fleet = await EngineFleet.start();
  const [a, b] = [await join(fleet), await join(fleet)];
  await expect.poll(() => [a.share.servers, b.share.servers]).toEqual([2, 2]);
  return { fleet, a, b };
}

const win = async ({ share }: Hearer, ...devices: readonly string[]): Promise<void> => {
  const wakes = devices.map((device): SharedWake => {
    return { device, group: device, keys: [KEY], kind: 'silent_wake', isVouched: true };
  });
  const claims = await share.claim(EVENT, wakes, 'handed');
  expect(claims.map(({ outcome }) => outcome)).toEqual(devices.map(() => 'won'));
};

describeEngines('what servers tell of their claims', () => {
  test('each claim that was won is heard by every other server, and not by its own', async () => {
    const { a, b } = await two();
    await win(a, 'phone', 'tablet');
    const half = EVENT.slice(0, 32);
    await expect
      .poll(() => b.heard)
      .toEqual(['phone', 'tablet'].map((device) => ({ half, lot: b.share.lotOf(device) })));
    expect(a.heard).toEqual([]);
  });

  test('what a stranger writes is ignored, and what comes after it is heard', async () => {
    const { a, b, fleet } = await two();
    const { names, server } = fleet;
    await server.command('XADD', names.told, '*', Buffer.alloc(8, 1), Buffer.alloc(512, 2));
    await server.command('XADD', names.told, '*', 'x', '');
    await win(a, 'phone');
    await expect.poll(() => b.heard).toHaveLength(1);
    expect([a.faults, b.faults]).toEqual([[], []]);
  });

  test('a key of another type in its place hinders no claim', async () => {
    const { a, b, fleet } = await two();
    await fleet.server.command('SET', fleet.names.told, 'x');
    await win(a, 'phone');
    await win(b, 'tablet');
    expect([a.heard, b.heard]).toEqual([[], []]);
  });

  test('the engine keeps it for a minute, and no more than some hundred messages of it', async () => {
    const { a, b, fleet } = await two();
    const { names, server } = fleet;
    for (let n = 0; n < 310; n++) await server.command('XADD', names.told, '*', 'x', '');
    await win(a, 'phone');
    await expect.poll(() => b.heard).toHaveLength(1);
    expect(Number(await server.command('XLEN', names.told))).toBe(200);
    expect(Number(await server.command('PTTL', names.told))).toBeGreaterThan(0);
  });
});
