import { expect, test } from 'vitest';

import { bytesOf, ClaimScripts, shown } from '../../../test/support/claim-scripts.ts';
import { describeEngines } from '../../../test/support/redis-engine.ts';
import { ADOPT } from './adopt-script.ts';
import { newsHead } from './claim-batches.ts';
import { LOOK } from './look-script.ts';
import { RESTORE } from './restore-script.ts';
import { ROUTE } from './route-script.ts';
import { TELL } from './tell-script.ts';
import { decodeWindows, encodeWindows } from './window-codec.ts';

const LIFE_MS = 1_000_000;
const [A, B, DEAD] = [bytesOf('a', 8), bytesOf('b', 8), bytesOf('dead', 8)];
const HANDED = Buffer.from('H');
const [NAME, OTHER, GROUP] = [bytesOf('claim'), bytesOf('other'), bytesOf('group')];
const OWED = Buffer.concat([Buffer.from('o'), bytesOf('device')]);

describeEngines('the scripts of what servers leave', (program) => {
  async function open(): Promise<ClaimScripts> {
    const engine = await ClaimScripts.open(program, A, B, DEAD);
    await engine.expire(DEAD);
    return engine;
  }

  test('what is pending moves to the inbox of the server that takes over, and is free for its claim', async () => {
    const engine = await open();
    await engine.server.command('SET', engine.names.claimKey(NAME), DEAD);
    await engine.server.command('HSET', engine.names.pendingKey(DEAD), NAME, 'sealed', OWED, 'owed');
    expect(await adopt(engine)).toEqual(['', 2]);
    expect(await engine.claim(NAME)).toBe('a.......H');
    expect([await engine.pending(DEAD), await engine.pending(A)]).toEqual([[], []]);
    expect(new Set((await engine.inbox(A)) as string[])).toEqual(
      new Set([
        [shown(NAME), 'sealed', 'a', ''],
        [shown(OWED), 'owed', 'a', ''],
      ]),
    );
    expect(await engine.members()).not.toContain('dead....');
  });

  test('with an owed wake comes what runs for its device', async () => {
    const engine = await open();
    await engine.server.command('HSET', engine.names.pendingKey(DEAD), OWED, 'owed');
    const windows = encodeWindows([{ track: 'chat', phase: 'counted', ms: 500_000 }]);
    await engine.ask(TELL, A, LIFE_MS, newsHead('L', bytesOf('device')), windows);
    await adopt(engine);
    const entries = await engine.server.commandBuffer('XRANGE', engine.names.inboxKey(A), '-', '+');
    const [[, fields]] = entries as [[Buffer, Buffer[]]];
    expect(decodeWindows((fields[3] as Buffer).subarray(1))).toMatchObject([
      { track: 'chat', phase: 'counted' },
    ]);
  });

  test('what was done or taken meanwhile is taken over by nobody', async () => {
    const engine = await open();
    await engine.server.command('SET', engine.names.claimKey(NAME), 'D');
    await engine.server.command('SET', engine.names.claimKey(OTHER), B);
    await engine.server.command('HSET', engine.names.pendingKey(DEAD), NAME, 'x', OTHER, 'y');
    expect(await adopt(engine)).toEqual(['', 0]);
    expect([await engine.claim(NAME), await engine.claim(OTHER)]).toEqual(['D', 'b.......']);
    expect(await engine.inbox(A)).toEqual([]);
  });

  test('the inbox of the dead comes to the inbox of the server that takes over', async () => {
    const engine = await open();
    await engine.server.command('SET', engine.names.claimKey(NAME), Buffer.concat([DEAD, HANDED]));
    await engine.server.command('SET', engine.names.claimKey(OTHER), 'D');
    for (const name of [NAME, OTHER, Buffer.concat([Buffer.from('w'), GROUP])])
      await engine.server.command('XADD', engine.names.inboxKey(DEAD), '*', name, 'sealed');
    expect(await adopt(engine)).toEqual(['', 2]);
    expect(await engine.inbox(A)).toEqual([
      ['claim...........', 'sealed'],
      ['wgroup...........', 'sealed'],
    ]);
    expect(await engine.claim(NAME)).toBe('a.......H');
    expect(await engine.server.command('EXISTS', engine.names.inboxKey(DEAD))).toBe(0);
  });

  test('much is taken over in pieces; from the first on the dead session does not come back', async () => {
    const engine = await open();
    const all = Array.from({ length: 20_000 }, (_, number) => `${number}`.padStart(16, '.'));
    for (let from = 0; from < all.length; from += 1000)
      await engine.server.command(
        'HSET',
        engine.names.pendingKey(DEAD),
        ...all.slice(from, from + 1000).flatMap((name) => [name, 'sealed']),
      );
    let total = 0;
    for (let cursor = '0', calls = 0; cursor !== ''; calls++) {
      // A server that goes on after another one begins at the beginning.
      const [next, moved] = (await adopt(engine, calls < 50 ? '0' : cursor)) as [string, number];
      cursor = next;
      total += moved;
      if (cursor !== '') expect(await engine.server.command('ZSCORE', engine.names.members, DEAD)).toBe('-1');
    }
    expect(total).toBe(all.length);
    expect(new Set((await engine.inbox(A)) as string[][]).size).toBe(all.length);
  });

  test('nothing is taken from a session that lives, nor by one that is dead', async () => {
    const engine = await open();
    await engine.server.command('HSET', engine.names.pendingKey(DEAD), NAME, 'x');
    expect(await engine.run(ADOPT, bytesOf('nobody', 8), DEAD, 200, LIFE_MS, 0)).toMatchObject([{}, 0]);
    await engine.revive(DEAD, 5);
    expect(await adopt(engine)).toEqual(['', 0]);
    expect(await engine.pending(DEAD)).toEqual(['claim...........', 'x']);
    expect(await engine.server.command('ZSCORE', engine.names.members, DEAD)).toBe('5');
  });

  test('what was adopted goes to the owner of its group, or to the server that has its lease', async () => {
    const engine = await open();
    const route = async (me: Buffer, owner: Buffer): Promise<unknown> => {
      const id = await engine.server.command('XADD', engine.names.inboxKey(me), '*', NAME, 'sealed', 'a', '');
      const answer = await engine.ask(ROUTE, me, LIFE_MS, GROUP, owner, NAME, String(id));
      await engine.server.command('XDEL', engine.names.inboxKey(me), String(id));
      return answer;
    };
    expect([await route(A, A), await route(A, DEAD), await route(A, B)]).toEqual(['O', 'O', 'H']);
    await engine.server.command('SET', engine.names.leaseKey(GROUP), A);
    expect([await route(A, B), await route(B, B)]).toEqual(['O', 'H']);
    expect([await engine.inbox(A), await engine.inbox(B)]).toEqual([
      [[shown(NAME), 'sealed']],
      [[shown(NAME), 'sealed']],
    ]);
    expect(await route(DEAD, B)).toBe('!');
  });

  test('what was adopted moves to the owner of its group, with its claim, and only once', async () => {
    const engine = await open();
    const mine = engine.names.inboxKey(A);
    await engine.server.command('SET', engine.names.claimKey(NAME), Buffer.concat([A, HANDED]));
    const id = String(await engine.server.command('XADD', mine, '*', NAME, 'sealed', 'a', ''));
    for (let times = 0; times < 2; times++)
      expect(await engine.ask(ROUTE, A, LIFE_MS, GROUP, B, NAME, id)).toBe('H');
    expect(await engine.claim(NAME)).toBe('b.......H');
    expect(await engine.inbox(A)).toEqual([]);
    expect(await engine.inbox(B)).toEqual([['claim...........', 'sealed']]);
  });

  test('a look tells open, taken and done apart', async () => {
    const engine = await open();
    const names = ['none', 'dead', 'handed', 'taken', 'done'].map((name) => bytesOf(name));
    const standings = [undefined, DEAD, Buffer.concat([B, HANDED]), A, 'D'];
    for (const [index, standing] of standings.entries())
      if (standing !== undefined)
        await engine.server.command('SET', engine.names.claimKey(names[index] as Buffer), standing);
    expect(await engine.ask(LOOK, A, Buffer.concat(names))).toBe('OOTTD');
    // A session that the engine does not know hears nothing: the engine may have forgotten the claims as well.
    expect(await engine.ask(LOOK, DEAD, Buffer.concat(names))).toBe('');
  });

  test('what is known to be done is written again', async () => {
    const engine = await open();
    await engine.server.command('SET', engine.names.claimKey(OTHER), B);
    await engine.run(RESTORE, LIFE_MS, Buffer.concat([NAME, OTHER]));
    expect([await engine.claim(NAME), await engine.claim(OTHER)]).toEqual(['D', 'D']);
    expect(await engine.life(engine.names.claimKey(NAME))).toBeGreaterThan(LIFE_MS / 2);
  });
});

async function adopt(engine: ClaimScripts, cursor = '0'): Promise<unknown> {
  return shown(await engine.run(ADOPT, A, DEAD, 200, LIFE_MS, cursor));
}
