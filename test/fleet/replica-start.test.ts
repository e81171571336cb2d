import { expect, test } from 'vitest';

import { SHARDS } from '../../src/fleet/engine/names.ts';
import { joinFleet } from '../support/fleet-store.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { fcmTarget, registrationAt } from '../support/registrations.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

describeEngine('a server that starts', () => {
  test('far from its engine, while another takes registrations without a pause, gets up to date, and reads everything once', async () => {
    const server = await EngineServer.start();
    const proxy = await TcpProxy.start(server.port);
    proxy.delay(10);
    const a = await joinFleet(server.address());
    const commands = await server.monitor();
    const writing = new AbortController();
    const changes = (async () => {
      for (let n = 0; !writing.signal.aborted; n++)
        await a.registrations.put(registrationAt(Date.now(), { target: fcmTarget(`phone-${n}`) }));
    })();
    const b = await joinFleet(server.address({ port: proxy.port }));
    writing.abort();
    await changes;
    await expect
      .poll(() => [...b.store.contents.registrations.entries()])
      .toEqual([...a.store.contents.registrations.entries()]);
    const reads = commands.filter(([name]) => name?.toLowerCase() === 'hgetall').length;
    expect(reads).toBeGreaterThanOrEqual(SHARDS);
    // The other one may look at a few shards.
    expect(reads).toBeLessThan(2 * SHARDS);
  });
});
