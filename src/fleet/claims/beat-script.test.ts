import { expect, test } from 'vitest';

import { bytesOf, ClaimScripts, shown } from '../../../test/support/claim-scripts.ts';
import { DAY_MS } from '../../core/basics/clock.ts';
import { describeEngines } from '../../../test/support/redis-engine.ts';
import { BEAT } from './beat-script.ts';
import { LEAVE } from './leave-script.ts';
import { PAUSE } from './pause-script.ts';

const LEASE_MS = 60_000;
const [A, B, C] = [bytesOf('a', 8), bytesOf('b', 8), bytesOf('c', 8)];
const LANE = Buffer.concat([Buffer.from('z'), bytesOf('lane')]);

describeEngines('the scripts of members', (program) => {
  test('the first beat makes a session a member, with a lease; it hears who lives', async () => {
    const engine = await ClaimScripts.open(program, B);
    expect(shown(await engine.run(BEAT, A, LEASE_MS, 1))).toEqual(['b.......a.......', '', '', []]);
    expect(await engine.life(engine.names.aliveKey(A))).toBeGreaterThan(LEASE_MS / 2);
    expect(shown(await engine.run(BEAT, A, LEASE_MS, 0))).toEqual(['b.......a.......', '', '', []]);
  });

  test('a session that is late and was not adopted lives on', async () => {
    const engine = await ClaimScripts.open(program, A);
    await engine.expire(A);
    expect(shown(await engine.run(BEAT, A, LEASE_MS, 0))).toEqual(['a.......', '', '', []]);
  });

  test('a session that others adopt, or that the engine does not know, must take another id', async () => {
    const engine = await ClaimScripts.open(program, A);
    await engine.server.command('ZADD', engine.names.members, -1, A);
    expect(await engine.run(BEAT, A, LEASE_MS, 0)).toBeNull();
    expect(await engine.run(BEAT, B, LEASE_MS, 0)).toBeNull();
    expect(await engine.life(engine.names.aliveKey(B))).toBe(-2);
  });

  test('a dead session that left something is told of; one that left nothing is forgotten', async () => {
    const engine = await ClaimScripts.open(program, A, B, C);
    await engine.server.command('HSET', engine.names.pendingKey(B), 'x', 'y');
    await engine.expire(B);
    await engine.expire(C);
    expect(shown(await engine.run(BEAT, A, LEASE_MS, 0))).toEqual(['a.......', 'b.......', '', []]);
    expect(await engine.members()).toContain('b.......');
    expect(await engine.members()).not.toContain('c.......');
  });

  test('after a time in which nobody has beaten, nobody counts as dead for a while, however often a server beats', async () => {
    const engine = await ClaimScripts.open(program);
    await engine.revive(A, 1);
    await engine.revive(B, 2);
    await engine.server.command('HSET', engine.names.pendingKey(B), 'x', 'y');
    await engine.expire(B);
    const beat = async (): Promise<unknown> => shown(await engine.run(BEAT, A, LEASE_MS, 0, LEASE_MS));
    expect([await beat(), await beat()]).toEqual([
      ['a.......', '', '', [], ''],
      ['a.......', '', '', [], ''],
    ]);
    await engine.server.command('DEL', `${engine.names.prefix}g`);
    // The beat before this one is as old again, and begins no second time of grace so soon.
    await engine.server.command('ZADD', engine.names.members, 1, A);
    expect(await beat()).toEqual(['a.......', 'b.......', '', []]);
  });

  test('where only servers come that have just started, the time of grace says so, until one comes that has done something before', async () => {
    const engine = await ClaimScripts.open(program);
    const beat = async (session: Buffer, isFirst: number): Promise<unknown> =>
      (shown(await engine.run(BEAT, session, LEASE_MS, isFirst, LEASE_MS)) as unknown[]).slice(4);
    for (const [session, isFirst] of [
      [A, 2],
      [A, 0],
      [B, 2],
    ] as const)
      expect(await beat(session, isFirst)).toEqual(['', 1]);
    expect(await beat(C, 1)).toEqual(['']);
    expect(await beat(A, 0)).toEqual(['']);
    expect(await engine.life(Buffer.from(`${engine.names.prefix}g`))).toBeGreaterThan(0);
  });

  test('a server that has just started knows nothing of what those did that nobody has heard of for long', async () => {
    const engine = await ClaimScripts.open(program);
    await engine.revive(A, Date.now() - 0.6 * LEASE_MS);
    expect(shown(await engine.run(BEAT, B, LEASE_MS, 2, LEASE_MS))).toEqual([
      'a.......b.......',
      '',
      '',
      [],
      '',
    ]);
  });

  test('a sign of life or of a grace that a stranger has put there, without an end, makes nobody live', async () => {
    const engine = await ClaimScripts.open(program, A);
    await engine.revive(B, Date.now() - LEASE_MS - 5000);
    await engine.revive(C, Date.now() + DAY_MS);
    const keys = [...[B, C].map((one) => engine.names.aliveKey(one)), `${engine.names.prefix}g`];
    for (const key of keys) await engine.server.command('SET', key, 7e12);
    await engine.server.command('HSET', engine.names.pendingKey(B), 'x', 'y');
    expect(shown(await engine.run(BEAT, A, LEASE_MS, 0, LEASE_MS))).toEqual(['a.......', 'b.......', '', []]);
    expect(await engine.members()).not.toContain('c.......');
  });

  test('a session whose inbox was read to its end has left nothing', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    const id = await engine.server.command('XADD', engine.names.inboxKey(B), '*', 'x', 'y');
    await engine.server.command('XDEL', engine.names.inboxKey(B), String(id));
    await engine.expire(B);
    await engine.run(BEAT, A, LEASE_MS, 0);
    expect(await engine.members()).not.toContain('b.......');
    expect(await engine.server.command('EXISTS', engine.names.inboxKey(B))).toBe(0);
  });

  test('a session that leaves is a member no more; what it leaves is free at once', async () => {
    const engine = await ClaimScripts.open(program, A, B, C);
    await engine.server.command('HSET', engine.names.pendingKey(B), 'x', 'y');
    await engine.run(LEAVE, B);
    await engine.run(LEAVE, C);
    expect(shown(await engine.run(BEAT, A, LEASE_MS, 0))).toEqual(['a.......', '', 'b.......', []]);
    expect(await engine.members()).not.toContain('c.......');
    expect(await engine.run(BEAT, B, LEASE_MS, 0)).toBeNull();
  });

  test('a pause comes to all others that live, and to those that start while it lasts', async () => {
    const engine = await ClaimScripts.open(program, A, B, C);
    await engine.expire(C);
    await engine.run(PAUSE, A, LANE, 60_000, 'sealed');
    expect(await engine.inbox(B)).toEqual([[LANE.toString('latin1'), '\0\0\xea\x60sealed']]);
    expect([await engine.inbox(A), await engine.inbox(C)]).toEqual([[], []]);
    const [, , , pauses] = shown(await engine.run(BEAT, bytesOf('d', 8), LEASE_MS, 1)) as unknown[][];
    const [name, ms, sealed] = pauses as [string, number, string];
    expect([name, sealed]).toEqual([LANE.toString('latin1'), 'sealed']);
    expect(ms).toBeGreaterThan(30_000);
    expect(ms).toBeLessThanOrEqual(60_000);
  });

  test('a shorter pause changes nothing, and a pause that is over is forgotten', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    await engine.run(PAUSE, A, LANE, 60_000, 'sealed');
    await engine.run(PAUSE, A, LANE, 1000, 'sealed');
    expect(await engine.inbox(B)).toHaveLength(1);
    const over = Buffer.concat([Buffer.alloc(6), Buffer.from('sealed')]);
    await engine.server.command('HSET', engine.names.pauses, LANE, over);
    expect(shown(await engine.run(BEAT, bytesOf('d', 8), LEASE_MS, 1))).toMatchObject({ 3: [] });
    expect(await engine.server.command('HLEN', engine.names.pauses)).toBe(0);
  });
});
