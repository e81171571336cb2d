import { expect, test } from 'vitest';

import { EngineFleet, realSchedule } from '../../../test/support/engine-fleet.ts';
import { describeEngines } from '../../../test/support/redis-engine.ts';
import {
  deviceOf,
  join,
  joinAll,
  nextBeat,
  wakeOf,
  type Server,
} from '../../../test/support/sharing-servers.ts';
import { TcpProxy } from '../../../test/support/tcp-proxy.ts';
import { Secret } from '../../core/basics/secret.ts';
import type { TradePubkey } from '../../core/registry/trade-pubkey.ts';
import { EngineUnavailable } from '../engine/engine.ts';
import { ValueSealer } from '../engine/value-sealer.ts';
import { ADOPT } from './adopt-script.ts';

const KEY = 'ab'.repeat(32) as TradePubkey;
const [EVENT, NEXT] = ['e1'.repeat(32), 'e2'.repeat(32)] as [string, string];

/** How many values this server has rejected because a newer version has written them. */
function rejected({ telemetry }: Server): number {
  return telemetry.total('fleet_values_rejected', 'newer_wake');
}

describeEngines('what goes from server to server', () => {
  test('a server that leaves leaves its open claims and owed wakes to the others at once', async () => {
    const fleet = await EngineFleet.start({ leaseMs: 600_000, graceMs: 1000 });
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    await a.share.claim(EVENT, [wake], 'own');
    await a.share.leave();
    await expect.poll(() => b.handed).toEqual([{ event: EVENT, wake }]);
    await expect.poll(() => b.share.servers).toBe(1);
  });

  test('nobody is dead within a lease of a time in which no server was heard of', async () => {
    const fleet = await EngineFleet.start({ leaseMs: 600_000, graceMs: 1000 });
    const a = await join(fleet);
    const wake = wakeOf('device');
    await a.share.claim(EVENT, [wake], 'own');
    await fleet.kill(a);
    // Its last beat was long ago.
    await fleet.server.command('ZADD', fleet.names.members, 1, a.share.session);
    const b = await join(fleet);
    await nextBeat(fleet, b);
    await nextBeat(fleet, b);
    expect(b.handed).toEqual([]);
    await fleet.server.command('DEL', `${fleet.names.prefix}g`);
    await expect.poll(() => b.handed).toEqual([{ event: EVENT, wake }]);
  });

  test('after an outage the others have time to tell what they have done, before anything of theirs is taken', async () => {
    const fleet = await EngineFleet.start({ tellMs: 600_000 });
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    await a.share.claim(EVENT, [wake], 'own');
    await fleet.server.command('SAVE');
    await fleet.server.kill();
    await fleet.server.run();
    await expect.poll(() => b.engine.isUp).toBe(true);
    await fleet.kill(a);
    await nextBeat(fleet, b);
    await nextBeat(fleet, b);
    expect([b.handed, b.share.servers, b.share.owns(wake.group)]).toEqual([[], 2, false]);
    expect(await b.share.look([{ event: NEXT, device: wake.device }])).toEqual(['unknown']);
    b.skip(600_000);
    await expect.poll(() => b.handed).toEqual([{ event: EVENT, wake }]);
    expect(b.share.servers).toBe(1);
    expect(await b.share.look([{ event: NEXT, device: wake.device }])).toEqual(['open']);
  });

  test('what a dead server leaves is shared by those that live: each takes the groups that it owns', async () => {
    const fleet = await EngineFleet.start();
    const [a, b, c] = await joinAll(fleet, 3);
    const events = Array.from({ length: 60 }, (_, number) => number.toString(16).padStart(64, '0'));
    for (const [number, event] of events.entries())
      await a.share.claim(event, [wakeOf(`device ${number}`)], 'own');
    await fleet.kill(a);
    await expect.poll(() => b.handed.length + c.handed.length).toBe(60);
    expect(new Set([...b.handed, ...c.handed].map(({ event }) => event))).toEqual(new Set(events));
    await expect.poll(() => [b, c].map(({ share }) => share.servers)).toEqual([2, 2]);
    for (const { handed, share } of [b, c]) {
      expect(handed.length).toBeGreaterThan(10);
      for (const { wake } of handed) expect(share.owns(wake.group)).toBe(true);
    }
  });

  test('a server that does not know all registrations yet takes nothing from others, living or dead', async () => {
    const fleet = await EngineFleet.start();
    let isCurrent = false;
    const a = await join(fleet);
    const b = await join(fleet, { isCurrent: () => isCurrent });
    await expect.poll(() => a.share.servers).toBe(2);
    expect(await a.share.claim(EVENT, [wakeOf(deviceOf(b))], 'open')).toMatchObject([{ outcome: 'handed' }]);
    await a.share.claim(NEXT, [wakeOf(deviceOf(a))], 'own');
    await fleet.kill(a);
    await expect.poll(() => b.share.servers).toBe(1);
    for (let beats = 0; beats < 2; beats++) await nextBeat(fleet, b);
    expect(b.handed).toEqual([]);
    // Another server may be able to take it over at once.
    expect(await fleet.server.command('HLEN', fleet.names.pendingKey(a.share.session))).toBe(1);
    isCurrent = true;
    await expect.poll(() => new Set(b.handed.map(({ event }) => event))).toEqual(new Set([EVENT, NEXT]));
    expect(b.handed).toHaveLength(2);
  });

  test('what a server has taken over is not lost with the answer that says so', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    await a.share.claim(EVENT, [wake], 'own');
    a.share.owed.owe({ target: { type: 'fcm', token: 'a token' }, kind: 'silent_wake', keys: [KEY] });
    await a.share.flush();
    const { engine } = b;
    const run = engine.run.bind(engine);
    // The engine has done it, and its answer comes too late.
    engine.run = async (script, ...rest) => {
      const reply = await run(script, ...rest);
      if (script === ADOPT) throw new EngineUnavailable('it does not answer in time', true);
      return reply;
    };
    await fleet.kill(a);
    await expect.poll(() => b.handed).toEqual([{ event: EVENT, wake }]);
    await expect.poll(() => b.owed).toHaveLength(1);
    expect(b.faults).toEqual([]);
  });

  test('what an engine lost on its way from one server to another is found again by the one that sent it', async () => {
    const fleet = await EngineFleet.start();
    const proxy = await TcpProxy.start(fleet.server.port);
    const [owner, other] = [
      await join(fleet, { port: proxy.port }),
      await join(fleet, { schedule: hastily }),
    ];
    await expect.poll(() => other.share.servers).toBe(2);
    for (let number = 0; ; number++) {
      const wake = wakeOf(`device ${number}`);
      if (other.share.owns(wake.group)) continue;
      proxy.hold();
      expect(await other.share.claim(EVENT, [wake], 'open')).toMatchObject([{ outcome: 'handed' }]);
      break;
    }
    await fleet.server.kill();
    await fleet.server.runEmpty();
    await expect.poll(() => other.handed).toMatchObject([{ event: EVENT }]);
    expect(owner.handed).toEqual([]);
  });

  test('a chat wake that was handed on and sent is not sent again after the next outage', async () => {
    const fleet = await EngineFleet.start();
    const proxy = await TcpProxy.start(fleet.server.port);
    const a = await join(fleet, { port: proxy.port, schedule: hastily });
    const b = await join(fleet);
    await expect.poll(() => [a, b].map(({ share }) => share.servers)).toEqual([2, 2]);
    const unwanted = wakeOf(deviceOf(b));
    const chat = { ...unwanted, kind: 'chat_wake' } as const;
    for (const [event, wake] of [[EVENT, chat] as const, [NEXT, unwanted] as const])
      expect(await a.share.claim(event, [wake], 'open')).toMatchObject([{ outcome: 'handed' }]);
    await expect.poll(() => b.handed).toHaveLength(2);
    await b.share.claim(EVENT, [chat], 'handed');
    b.share.end(EVENT, chat, 'sent');
    await b.share.flush();
    proxy.cut();
    // Both were looked for.
    await expect.poll(() => a.handed).toHaveLength(1);
    expect(a.handed).toMatchObject([{ event: NEXT }]);
  });

  test('what came and nobody wanted can be claimed by a copy that comes later', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = await joinAll(fleet, 2);
    const wake = wakeOf(deviceOf(a));
    expect(await b.share.claim(EVENT, [wake], 'open')).toMatchObject([{ outcome: 'handed' }]);
    await expect.poll(() => a.handed).toHaveLength(1);
    await expect.poll(() => b.share.look([{ event: EVENT, device: wake.device }])).toEqual(['open']);
    expect(await fleet.server.command('XLEN', fleet.names.inboxKey(a.share.session))).toBe(0);
  });

  test('a value that no server of the fleet wrote is counted, said once, and taken out', async () => {
    const fleet = await EngineFleet.start();
    const a = await join(fleet);
    const inbox = fleet.names.inboxKey(a.share.session);
    for (const name of ['0123456789abcdef', '0123456789abcdef', 'o123456789abcdef0', 'z123456789abcdef0', ''])
      await fleet.server.command('XADD', inbox, '*', name, 'rubbish');
    await fleet.server.command('XADD', inbox, '*', 'one', 'two', 'three', 'four');
    await expect.poll(() => fleet.server.command('XLEN', inbox)).toBe(0);
    const total = (kind: string): number => a.telemetry.total('fleet_values_rejected', kind);
    expect([total('wake'), total('owed_wake'), total('pause')]).toEqual([4, 1, 1]);
    expect(a.telemetry.logged('fleet.value_rejected')).toHaveLength(3);
    expect([a.handed, a.owed, a.paused, a.faults]).toEqual([[], [], [], []]);
  });

  test('what a newer version has sealed stays for a server that can read it, and is counted', async () => {
    const fleet = await EngineFleet.start();
    const [a, b] = [await join(fleet), await join(fleet)];
    const { names, server } = fleet;
    const sealer = new ValueSealer(new Secret(Buffer.alloc(32, 1)));
    const add = (name: string, text: string): Promise<unknown> =>
      server.command(
        'XADD',
        names.inboxKey(a.share.session),
        '*',
        name,
        sealer.seal(Buffer.from(text), Buffer.from(name)),
      );
    await add('0123456789abcdef', 'a wake of another form');
    await add('o0123456789abcdef', '{"owed":"in another form"}');
    await expect.poll(() => rejected(a)).toBe(2);
    await a.share.leave();
    await expect.poll(() => rejected(b)).toBe(2);
    await b.share.flush();
    expect(await server.command('XLEN', names.inboxKey(b.share.session))).toBe(2);
    expect(b.telemetry.logged('fleet.value_rejected')).toEqual([{ reason: 'newer_wake' }]);
    expect([b.handed, b.owed, b.faults]).toEqual([[], [], []]);
  });
});

/** Waits for no longer than a moment. */
function hastily(ms: number, callback: () => void): () => void {
  return realSchedule(Math.min(ms, 50), callback);
}
