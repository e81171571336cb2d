import { expect, test } from 'vitest';

import { fleetNames } from '../support/fleet-engine.ts';
import { deferred } from '../support/deferred.ts';
import { joinFleet, stateOf, type FleetMember } from '../support/fleet-store.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { registrationAt, tradeKey } from '../support/registrations.ts';

const NOW = Date.now();
const nth = (n: number) => registrationAt(NOW, { tradePubkey: tradeKey(n) });

describeEngine('a damaged entry of the log', () => {
  test.each([
    ['a change', ['f', 'a field of no one']],
    ['more renewals than it has', ['r', Buffer.alloc(200)]],
  ] as const)('that tells of %s hides no change that comes after it', async (_what, [name, value]) => {
    const server = await EngineServer.start();
    const [a, b] = await Promise.all([joinFleet(server.address()), joinFleet(server.address())]);
    await a.registrations.put(nth(1));
    await expect.poll(() => b.registrations.counts().total).toBe(1);
    const entry = ['n', '2', 'w', 'somebody', name, value, 'v', 'damaged'];
    await server.command('XADD', fleetNames().log, '*', ...entry);
    await expect.poll(() => [a, b].map(hasRejected)).toEqual([true, true]);
    for (const n of [2, 3]) await a.registrations.put(nth(n));
    await expect.poll(() => Object.keys(stateOf(b))).toEqual([1, 2, 3].map(tradeKey));
  });
});

describeEngine('a server that is behind in the log', () => {
  test('does not count as current until it has read what others had written before they handed something over', async () => {
    const server = await EngineServer.start();
    const a = await joinFleet(server.address());
    const [begun, busy, inbox] = [deferred(), deferred(), 'inbox'];
    let [after, known] = ['0-0', 0];
    const beside = {
      streams: () => [{ key: inbox, after }],
      onEntries: async (key: string, entries: readonly { id: string }[]): Promise<void> => {
        if (key !== inbox) return;
        if (after === '0-0') {
          begun.resolve();
          await busy.promise;
        } else if (!b.store.isCurrent) return;
        else known = b.registrations.counts().total;
        after = entries.at(-1)?.id ?? after;
      },
    };
    const b = await joinFleet(server.address(), {}, { beside });
    await server.command('XADD', inbox, '*', 'keeps', 'it busy');
    await begun.promise;
    const keys = Array.from({ length: 600 }, (_, n) => n + 1);
    await Promise.all(keys.map((n) => a.registrations.put(nth(n))));
    await server.command('XADD', inbox, '*', 'handed', 'over');
    busy.resolve();
    await expect.poll(() => known).toBeGreaterThan(0);
    expect(known).toBe(keys.length);
  });
});

/** Whether a server has found a record that it cannot read, and takes changes. */
function hasRejected({ store, telemetry }: FleetMember): boolean {
  return store.isOpen && telemetry.total('fleet_values_rejected', 'record') === 1;
}
