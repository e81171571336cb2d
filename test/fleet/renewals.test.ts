import { expect, test } from 'vitest';

import { MINUTE_MS } from '../../src/core/basics/clock.ts';
import { Secret } from '../../src/core/basics/secret.ts';
import { ValueSealer } from '../../src/fleet/engine/value-sealer.ts';
import { RecordSealer } from '../../src/fleet/replica/record-sealer.ts';
import { writeChanges } from '../../src/fleet/replica/write-changes.ts';
import { fleetNames } from '../support/fleet-engine.ts';
import { joinFleet, stateOf, type FleetMember } from '../support/fleet-store.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { fcmTarget, LIFETIME, registrationAt, tradeKey } from '../support/registrations.ts';

const NOW = Date.now();
const nth = (n: number, parts = {}) => registrationAt(NOW, { tradePubkey: tradeKey(n), ...parts });

async function pair(): Promise<{ server: EngineServer; a: FleetMember; b: FleetMember }> {
  const server = await EngineServer.start();
  const [a, b] = await Promise.all([joinFleet(server.address()), joinFleet(server.address())]);
  return { server, a, b };
}

describeEngine('a server of a fleet', () => {
  test('has what others have renewed, and one entry of the log tells many renewals', async () => {
    const { server, a, b } = await pair();
    const keys = Array.from({ length: 200 }, (_, n) => n + 1);
    await Promise.all(keys.map((n) => a.registrations.put(nth(n))));
    await expect.poll(() => b.registrations.counts().total).toBe(200);
    const entries = (): Promise<number> => server.command('XLEN', fleetNames().log) as Promise<number>;
    const before = await entries();
    for (const n of keys)
      await b.registrations.renew(tradeKey(n), fcmTarget('phone'), LIFETIME, NOW + MINUTE_MS);
    await expect.poll(() => Object.values(stateOf(a)).filter(isWoken).length).toBe(200);
    const expiries = [a, b].map(
      ({ store }) => store.contents.registrations.current(tradeKey(1))?.expiresAt ?? 0,
    );
    // In the fleet an expiry is rounded up, so that most renewals are told to nobody.
    expect(expiries[0]).toBeGreaterThanOrEqual(expiries[1] ?? NaN);
    expect((await entries()) - before).toBeLessThan(20);
    expect(stateOf(await joinFleet(server.address()))).toEqual(stateOf(a));
  });

  test('does not bring back with a renewal what another server has removed a moment before', async () => {
    const { server, a, b } = await pair();
    for (const n of [1, 2]) await a.registrations.put(nth(n));
    await expect.poll(() => b.registrations.counts().total).toBe(2);
    await b.registrations.remove(tradeKey(1), { signed: false, now: NOW });
    const names = fleetNames();
    const sealer = new RecordSealer(names, new ValueSealer(new Secret(Buffer.alloc(32, 1))));
    const renewed = [1, 2].map((n) => nth(n, { woken: true, expiresAt: NOW + MINUTE_MS * 60 * 24 * 30 }));
    const changes = renewed.map((registration) => {
      const field = names.field(`registration ${registration.tradePubkey}`);
      const value = sealer.seal({ type: 'registered', registration }, field);
      return { mode: 'renew', field, shard: names.shardOf(field), base: 2, value } as const;
    });
    const told = sealer.sealRenewals(
      renewed.map((one, n) => ({ ...one, field: changes[n]?.field ?? Buffer.of() })),
    );
    const { renewals } = await writeChanges(a.engine, names, Buffer.alloc(8, 7), {
      renewals: { changes, told },
      groups: [],
    });
    expect(renewals).toEqual(['needless', 4]);
    for (const member of [a, b])
      await expect.poll(() => stateOf(member)).toEqual({ [tradeKey(2)]: renewed[1] });
    expect(stateOf(await joinFleet(server.address()))).toEqual(stateOf(a));
  });
});

function isWoken(registration: unknown): boolean {
  return (registration as { woken: boolean }).woken;
}
