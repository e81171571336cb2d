import { isDeepStrictEqual } from 'node:util';

import { expect, test } from 'vitest';

import { MINUTE_MS } from '../../src/core/basics/clock.ts';
import { Secret } from '../../src/core/basics/secret.ts';
import { StoreUnavailable } from '../../src/core/registry/registration-store.ts';
import { ValueSealer } from '../../src/fleet/engine/value-sealer.ts';
import { RecordSealer } from '../../src/fleet/replica/record-sealer.ts';
import { writeChanges } from '../../src/fleet/replica/write-changes.ts';
import { fleetNames } from '../support/fleet-engine.ts';
import { joinFleet, stateOf, type FleetMember } from '../support/fleet-store.ts';
import {
  describeEngine,
  describeEngines,
  EngineServer,
  type EngineServerOptions,
} from '../support/redis-engine.ts';
import { fcmTarget, LIFETIME, registrationAt, tradeKey } from '../support/registrations.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const NOW = Date.now();

/** Two servers of a fleet. */
async function pair(
  options: EngineServerOptions = {},
): Promise<{ server: EngineServer; a: FleetMember; b: FleetMember }> {
  const server = await EngineServer.start(options);
  const [a, b] = await Promise.all([joinFleet(server.address()), joinFleet(server.address())]);
  return { server, a, b };
}

const nth = (n: number, parts = {}) => registrationAt(NOW, { tradePubkey: tradeKey(n), ...parts });
const thief = (n: number) => nth(n, { target: fcmTarget('thief') });

describeEngines('a fleet of two', (program) => {
  test('shares what is registered, replaced and removed', async () => {
    const server = await EngineServer.start({ program });
    const a = await joinFleet(server.address());
    const b = await joinFleet(server.address());
    await a.registrations.put(nth(1));
    await expect.poll(() => b.registrations.find(tradeKey(1))).toEqual(nth(1));
    await b.registrations.put(nth(1, { target: fcmTarget('other') }));
    await expect
      .poll(async () => (await a.registrations.find(tradeKey(1)))?.target)
      .toEqual(fcmTarget('other'));
    await a.registrations.remove(tradeKey(1), { signed: false, now: NOW });
    await expect.poll(() => b.registrations.counts().total).toBe(0);
    expect(b.remote.map(({ current, former }) => [former?.target, current?.target])).toEqual([
      [undefined, fcmTarget('phone')],
      [fcmTarget('other'), undefined],
    ]);
    expect(a.remote.map(({ current }) => current?.target)).toEqual([fcmTarget('other')]);
  });
});

describeEngine('a server of a fleet', () => {
  test('refuses an unsigned registration of a key that is owned since a moment at another server', async () => {
    const { a, b } = await pair();
    for (let n = 1; n <= 50; n++) {
      await a.registrations.put(nth(n, { signed: true }));
      expect(await b.registrations.put(thief(n))).toBe('owned');
      expect((await b.registrations.find(tradeKey(n)))?.target).toEqual(fcmTarget('phone'));
    }
  });

  test('has, after two servers changed the same keys at once, what the other has', async () => {
    const { server, a, b } = await pair();
    const rounds = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(
      rounds.flatMap((n) =>
        [a, b].map(async ({ registrations }, m) => {
          const key = 1 + (n % 10);
          if (n % 7 === 3) await registrations.remove(tradeKey(key), { signed: false, now: NOW });
          else await registrations.put(nth(key, { target: fcmTarget(`phone-${n}-${m}`) }));
        }),
      ),
    );
    await expect.poll(() => isDeepStrictEqual(stateOf(a), stateOf(b))).toBe(true);
    const c = await joinFleet(server.address());
    expect(stateOf(c)).toEqual(stateOf(a));
  });
});

describeEngine('a fleet whose engine', () => {
  test('is gone takes no change and looks up as before, and gets each change when the engine is back', async () => {
    const { server, a, b } = await pair({ appendOnly: true, lines: ['appendfsync always'] });
    await a.registrations.put(nth(1));
    await expect.poll(() => b.registrations.counts().total).toBe(1);
    await server.kill();
    await expect.poll(() => a.store.isOpen || b.store.isOpen).toBe(false);
    await expect(a.registrations.put(nth(2))).rejects.toThrow(StoreUnavailable);
    await expect(a.registrations.remove(tradeKey(1), { signed: false, now: NOW })).rejects.toThrow(
      StoreUnavailable,
    );
    expect(await a.registrations.find(tradeKey(1))).toEqual(nth(1));
    await b.registrations.evict(fcmTarget('phone'));
    await server.run();
    await expect.poll(() => a.store.isOpen && b.store.isOpen).toBe(true);
    await a.registrations.put(nth(3, { target: fcmTarget('third') }));
    await expect.poll(() => Object.keys(stateOf(a))).toEqual([tradeKey(3)]);
    await expect.poll(() => Object.keys(stateOf(b))).toEqual([tradeKey(3)]);
  });

  test('comes back without its last changes gets them from the servers, and they agree', async () => {
    const { server, a, b } = await pair();
    for (const n of [1, 2, 3]) await a.registrations.put(nth(n, { target: fcmTarget(`phone-${n}`) }));
    await server.command('SAVE');
    await a.registrations.put(nth(4));
    await a.registrations.remove(tradeKey(1), { signed: false, now: NOW });
    await expect.poll(() => isDeepStrictEqual(stateOf(a), stateOf(b))).toBe(true);
    await b.registrations.put(nth(2, { target: fcmTarget('moved'), registeredAt: NOW + 1 }));
    await expect.poll(() => isDeepStrictEqual(stateOf(a), stateOf(b))).toBe(true);
    const before = stateOf(a);
    await server.kill();
    await server.run();
    await expect.poll(() => a.store.isOpen && b.store.isOpen).toBe(true);
    await a.registrations.put(nth(5));
    const expected = { ...before, [tradeKey(5)]: nth(5) };
    await expect.poll(() => [stateOf(a), stateOf(b)]).toEqual([expected, expected]);
    await expect.poll(async () => stateOf(await joinFleet(server.address()))).toEqual(expected);
  });

  test('comes back empty is filled with what the servers have', async () => {
    const { server, a, b } = await pair();
    await Promise.all(Array.from({ length: 300 }, (_, n) => a.registrations.put(nth(n + 1))));
    await expect.poll(() => b.registrations.counts().total).toBe(300);
    await server.kill();
    await server.runEmpty();
    await expect.poll(() => a.store.isOpen && b.store.isOpen).toBe(true);
    await expect
      .poll(async () => {
        const c = await joinFleet(server.address());
        return c.registrations.counts().total;
      })
      .toBe(300);
  });

  test('comes back empty keeps a registration that one server had taken last, although another server renewed, or had lost, the one before', async () => {
    const server = await EngineServer.start();
    const proxy = await TcpProxy.start(server.port);
    const a = await joinFleet(server.address());
    const b = await joinFleet(server.address({ port: proxy.port }));
    for (const n of [1, 2]) await a.registrations.put(nth(n, { expiresAt: NOW + MINUTE_MS }));
    await expect.poll(() => b.registrations.counts().total).toBe(2);
    proxy.refuse();
    await expect.poll(() => b.store.isOpen).toBe(false);
    const later = [1, 2].map((n) => nth(n, { registeredAt: NOW + 2, target: fcmTarget(`later-${n}`) }));
    for (const registration of later) await a.registrations.put(registration);
    await b.registrations.renew(tradeKey(1), nth(1).target, LIFETIME, NOW);
    await server.kill();
    await server.runEmpty();
    await expect.poll(async () => (await joinFleet(server.address())).registrations.counts().total).toBe(2);
    proxy.restore();
    await expect.poll(() => b.store.isOpen).toBe(true);
    await a.registrations.put(nth(3));
    const expected = Object.fromEntries([...later, nth(3)].map((one) => [one.tradePubkey, one]));
    await expect.poll(() => [stateOf(a), stateOf(b)]).toEqual([expected, expected]);
    expect(stateOf(await joinFleet(server.address()))).toEqual(expected);
  });

  test.for(['repeat', 'outdate'] as const)(
    'has lost changes keeps the latest registration when a server that had not heard of it tells of an earlier one: %s',
    async (mode) => {
      const { server, a, b } = await pair();
      const names = fleetNames();
      const sealer = new RecordSealer(names, new ValueSealer(new Secret(Buffer.alloc(32, 1))));
      const later = nth(1, { registeredAt: NOW + 2, target: fcmTarget('later') });
      await a.registrations.put(later);
      await expect.poll(() => stateOf(b)).toEqual({ [tradeKey(1)]: later });
      const field = names.field(`registration ${tradeKey(1)}`);
      const value = sealer.seal({ type: 'registered', registration: nth(1) }, field);
      const change = { mode, field, shard: names.shardOf(field), base: 1, value };
      const { groups } = await writeChanges(a.engine, names, Buffer.alloc(8, 7), { groups: [[change]] });
      expect(groups).toEqual([[2]]);
      await expect.poll(async () => stateOf(await joinFleet(server.address()))).toEqual(stateOf(a));
      expect([stateOf(a), stateOf(b)]).toEqual([{ [tradeKey(1)]: later }, { [tradeKey(1)]: later }]);
    },
  );
});

describeEngine('a renewal', () => {
  test('comes to the other servers, and no earlier an end than it made; most of them write nothing', async () => {
    const { server, a, b } = await pair();
    await a.registrations.put(nth(1));
    const renewed = NOW + 10 * MINUTE_MS;
    const target = fcmTarget('phone');
    await a.registrations.renew(tradeKey(1), target, LIFETIME, renewed);
    await expect.poll(async () => (await b.registrations.find(tradeKey(1)))?.woken).toBe(true);
    const there = (await b.registrations.find(tradeKey(1)))?.expiresAt ?? 0;
    expect(there).toBeGreaterThanOrEqual(renewed + LIFETIME.ttlMs);
    expect(there).toBeLessThan(renewed + 1.01 * LIFETIME.ttlMs);
    const number = await server.command('GET', fleetNames().sequence);
    await a.registrations.renew(tradeKey(1), target, LIFETIME, there - LIFETIME.ttlMs);
    await a.registrations.put(nth(2));
    expect(await server.command('GET', fleetNames().sequence)).toBe(String(Number(number) + 1));
    await a.registrations.renew(tradeKey(1), target, LIFETIME, there - LIFETIME.ttlMs + 1);
    await expect
      .poll(async () => (await b.registrations.find(tradeKey(1)))?.expiresAt)
      .toBeGreaterThan(there);
  });
});

describeEngine('a clock that was wrong', () => {
  test('is corrected in the registrations of its own server, and in no other', async () => {
    const { a, b } = await pair();
    await a.registrations.put(nth(1, { network: 7 }));
    await b.registrations.put(nth(2, { network: 8 }));
    await expect.poll(() => [a, b].map(({ registrations }) => registrations.counts().total)).toEqual([2, 2]);
    expect(await a.registrations.correct({ byMs: 5, since: NOW - 1, until: NOW + 1 })).toBe(1);
    const times = ({ store }: FleetMember): unknown =>
      [...store.contents.registrations.entries()]
        .map(({ registeredAt }) => registeredAt - NOW)
        .toSorted((x, y) => x - y);
    await expect
      .poll(() => [a, b].map(times))
      .toEqual([
        [0, 5],
        [0, 5],
      ]);
  });
});
