import { expect, test } from 'vitest';

import { EngineFleet } from '../../../test/support/engine-fleet.ts';
import { describeEngines } from '../../../test/support/redis-engine.ts';
import { deviceOf, join, joinAll, nextBeat, wakeOf } from '../../../test/support/sharing-servers.ts';
import { TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { deviceOf as deviceName } from '../../core/registry/push-target.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';

const KEY = 'ab'.repeat(32) as TradePubkey;
const [EVENT, NEXT, LATER] = ['e1', 'e2', 'e3'].map((byte) => byte.repeat(32)) as [string, string, string];
const WON = [{ outcome: 'won', windows: [] }];

describeEngines('servers that share wakes', () => {
  test('without the engine every claim is won, and the engine is told as soon as it is back', async () => {
    const fleet = await EngineFleet.start();
    const proxy = await TcpProxy.start(fleet.server.port);
    const [cut, other] = [await join(fleet, { port: proxy.port }), await join(fleet)];
    await expect.poll(() => cut.share.servers).toBe(2);
    const [open, done, before] = [EVENT, NEXT, LATER];
    const wake = wakeOf(deviceOf(cut));
    expect(await cut.share.claim(before, [wake], 'own')).toEqual(WON);
    await expect.poll(() => cut.share.isCertain).toBe(true);
    proxy.refuse();
    await expect.poll(() => cut.engine.isUp).toBe(false);
    expect(cut.share.isCertain).toBe(false);
    expect(await cut.share.claim(open, [wake], 'own')).toEqual(WON);
    expect(await cut.share.claim(done, [wake], 'own')).toEqual(WON);
    for (const event of [done, before]) cut.share.end(event, wake, 'sent');
    expect(await cut.share.look([{ event: done, device: wake.device }])).toEqual(['unknown']);
    expect(cut.share.mayStillSend(wake.device)).toBe(true);
    proxy.restore();
    await expect.poll(() => other.share.look([{ event: open, device: wake.device }])).toEqual(['taken']);
    await expect.poll(() => cut.share.isCertain).toBe(true);
    for (const event of [done, before])
      await expect.poll(() => other.share.look([{ event: event, device: wake.device }])).toEqual(['done']);
    expect(cut.telemetry.total('fleet_claims', 'degraded')).toBe(2);
    expect(cut.telemetry.total('fleet_claims', 'won')).toBe(1);
    expect([...cut.faults, ...other.faults]).toEqual([]);
  });

  test('an engine that comes back without its last changes hears which wakes were dropped: a copy of their events can be claimed', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    for (const event of [EVENT, NEXT]) expect(await a.share.claim(event, [wake], 'own')).toMatchObject(WON);
    await fleet.server.command('SAVE');
    for (const event of [EVENT, NEXT]) a.share.end(event, wake, 'dropped');
    await a.share.flush();
    expect(await a.share.claim(NEXT, [wake], 'own')).toMatchObject(WON);
    await fleet.server.kill();
    await expect.poll(() => a.engine.isUp).toBe(false);
    await fleet.server.run();
    const standing = async (event: string): Promise<unknown> =>
      (await b.share.look([{ event, device: wake.device }]))[0];
    await expect.poll(() => standing(EVENT)).toBe('open');
    expect(await standing(NEXT)).toBe('taken');
    expect(await a.share.claim(EVENT, [wake], 'own')).toMatchObject(WON);
  });

  test('a new fleet acts at once on what an owner has not done; one whose engine is empty waits for what others have done', async () => {
    const fleet = await EngineFleet.start({ graceMs: 0 });
    const [a] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    const look = (): Promise<unknown> => a.share.look([{ event: EVENT, device: wake.device }]);
    expect(await look()).toEqual(['open']);
    const former = a.share.session;
    await fleet.server.kill();
    await expect.poll(() => a.engine.isUp).toBe(false);
    await fleet.server.runEmpty();
    await expect.poll(() => a.share.session).not.toEqual(former);
    await nextBeat(fleet, a);
    expect(await look()).toEqual(['unknown']);
  });

  test('an engine that has been emptied says of no event that it is open, also before a server has noticed', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    expect(await a.share.claim(EVENT, [wake], 'own')).toEqual(WON);
    await fleet.server.command('FLUSHALL');
    expect(await b.share.look([{ event: EVENT, device: wake.device }])).toEqual(['unknown']);
  });

  test('an engine that comes back empty hears what is done, open and owed', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    const target = { type: 'fcm', token: 'a token' } as const;
    for (const event of [EVENT, NEXT]) await a.share.claim(event, [wake], 'own');
    a.share.end(EVENT, wake, 'sent');
    a.share.owed.owe({ target, kind: 'silent_wake', keys: [KEY] });
    await a.share.flush();
    const former = a.share.session;
    await fleet.server.kill();
    await expect.poll(() => a.engine.isUp).toBe(false);
    await fleet.server.runEmpty();
    await expect.poll(() => b.share.look([{ event: EVENT, device: wake.device }])).toEqual(['done']);
    await expect.poll(() => b.share.look([{ event: NEXT, device: wake.device }])).toEqual(['taken']);
    const pending = (): Promise<unknown> =>
      fleet.server.command('HLEN', fleet.names.pendingKey(a.share.session));
    await expect.poll(pending).toBe(2);
    expect(a.share.session).not.toEqual(former);
    expect(a.share.mayStillSend(wake.device)).toBe(true);
    await fleet.kill(a);
    await expect.poll(() => b.owed).toHaveLength(1);
    await expect.poll(() => b.handed).toEqual([{ event: NEXT, wake }]);
  });

  test('an engine that comes back empty hears what runs for the groups of each server', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const wakes = Array.from({ length: 600 }, (_, number) => wakeOf(deviceOf(b, `device ${number}`)));
    a.windows = [
      { track: 'unvouched', phase: 'cooldown', ms: 600_000 },
      { track: 'unvouched', phase: 'counted', ms: 3_000_000 },
    ];
    a.running = wakes.map(({ group }) => group);
    await fleet.server.kill();
    await expect.poll(() => a.engine.isUp).toBe(false);
    await fleet.server.runEmpty();
    const leases = (): Promise<unknown> =>
      fleet.server.command(
        'EXISTS',
        ...wakes.map(({ group }) => fleet.names.leaseKey(fleet.names.group(group))),
      );
    await expect.poll(leases).toBe(600);
    await expect.poll(() => b.share.isCertain).toBe(true);
    const wake = wakeOf(wakes[0]?.group ?? '');
    expect(await b.share.claim(EVENT, [wake], 'own')).toMatchObject([{ outcome: 'handed' }]);
    await fleet.kill(a);
    await expect.poll(() => b.share.servers).toBe(1);
    expect(await b.share.claim(NEXT, [wake], 'own')).toMatchObject([
      { outcome: 'won', windows: [{ phase: 'cooldown' }, { phase: 'counted' }] },
    ]);
  });

  test('what changes for a group while a claim of it is open is left at once, and nothing where none is', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const [open, idle] = [wakeOf(deviceOf(a)), wakeOf(deviceOf(a, 'idle'))];
    await a.share.claim(EVENT, [open], 'own');
    a.windows = [{ track: 'chat', phase: 'window', ms: 600_000 }];
    for (const { group } of [open, idle]) a.share.leaveWindows(group);
    await a.share.flush();
    await fleet.kill(a);
    await expect.poll(() => b.handed).toHaveLength(1);
    expect(await b.share.claim(EVENT, [open], 'handed')).toMatchObject([{ windows: [{ track: 'chat' }] }]);
    expect(await b.share.claim(NEXT, [idle], 'own')).toEqual(WON);
  });

  test('a server that stood still until others took over may not send what they have; it goes on under another id', async () => {
    const fleet = await EngineFleet.start({ leaseMs: 60_000, graceMs: -60_000 });
    const a = await join(fleet, { beatMs: 600_000 });
    const [taken, kept] = [wakeOf('taken'), wakeOf('kept')];
    await a.share.claim(EVENT, [taken], 'own');
    const former = a.share.session;
    const b = await join(fleet);
    await fleet.expire(a);
    await expect.poll(() => b.handed).toEqual([{ event: EVENT, wake: taken }]);
    expect(await b.share.claim(EVENT, [taken], 'handed')).toEqual(WON);
    a.skip(60_000);
    expect(await a.share.mayStillSend(taken.device)).toBe(false);
    expect(a.share.isCertain).toBe(false);
    expect(a.share.session).not.toEqual(former);
    expect(await a.share.claim(NEXT, [kept], 'own')).toEqual(WON);
    expect(a.share.mayStillSend(kept.device)).toBe(true);
    // The wake was dropped there: the claim of the other server stands.
    a.share.end(EVENT, taken, 'dropped');
    expect(a.share.isCertain).toBe(true);
    await a.share.flush();
    expect(await a.share.look([{ event: EVENT, device: taken.device }])).toEqual(['taken']);
    expect(a.share.mayStillSend(taken.device)).toBe(true);
    expect(b.telemetry.total('fleet_takeovers')).toBe(1);
    expect(b.telemetry.logged('fleet.took_over')).toHaveLength(1);
  });

  test('a server that stood still, and was missed by nobody, goes on as before', async () => {
    const fleet = await EngineFleet.start({ leaseMs: 60_000 });
    const a = await join(fleet);
    const wake = wakeOf('device');
    await a.share.claim(EVENT, [wake], 'own');
    const former = a.share.session;
    await fleet.expire(a);
    a.skip(60_000);
    expect(await a.share.mayStillSend(wake.device)).toBe(true);
    expect(a.share.session).toBe(former);
  });

  test('a claim by a server that does not know yet that it is dead is won under another id', async () => {
    const fleet = await EngineFleet.start({ beatMs: 600_000 });
    const a = await join(fleet);
    const former = a.share.session;
    await fleet.server.command('ZADD', fleet.names.members, -1, former);
    await fleet.expire(a);
    expect(await a.share.claim(EVENT, [wakeOf('device')], 'own')).toEqual(WON);
    expect(a.share.session).not.toEqual(former);
    a.share.end(EVENT, wakeOf('device'), 'sent');
    await a.share.flush();
    expect(await a.share.look([{ event: EVENT, device: 'device' }])).toEqual(['done']);
  });

  test('an owed wake that is paid, or wanted no more, leaves the engine, and its group is free', async () => {
    const fleet = await EngineFleet.start();
    const a = await join(fleet);
    const targets = ['paid', 'unwanted', 'owed'].map((token) => ({ type: 'fcm', token }) as const);
    for (const target of targets) a.share.owed.owe({ target, kind: 'silent_wake', keys: [KEY] });
    await a.share.flush();
    const left = (): Promise<unknown> =>
      fleet.server.command('HLEN', fleet.names.pendingKey(a.share.session));
    expect(await left()).toBe(3);
    a.share.owed.pay({ type: 'fcm', token: 'paid' });
    a.share.owed.prune(({ target }) => target.type === 'fcm' && target.token !== 'unwanted');
    await a.share.flush();
    expect(await left()).toBe(1);
    const leases = await Promise.all(
      targets.map((target) =>
        fleet.server.command('EXISTS', fleet.names.leaseKey(fleet.names.group(deviceName(target)))),
      ),
    );
    expect(leases).toEqual([0, 0, 1]);
    expect(a.share.owed.size).toBe(1);
  });

  test('after a long time without the engine the next server after the owner of a group cares for it too', async () => {
    const fleet = await EngineFleet.start({ aloneMs: 30_000 });
    const [a, b, c] = await joinAll(fleet, 3);
    const owners = (): boolean[] => [a, b, c].map(({ share }) => share.owns('group'));
    expect(owners().filter(Boolean)).toHaveLength(1);
    await fleet.server.kill();
    await expect.poll(() => [a, b, c].map(({ engine }) => engine.isUp)).toEqual([false, false, false]);
    expect(owners().filter(Boolean)).toHaveLength(1);
    for (const server of [a, b, c]) server.skip(30_001);
    expect(owners().filter(Boolean)).toHaveLength(2);
  });
});
