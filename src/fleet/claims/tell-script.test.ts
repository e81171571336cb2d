import { expect, test } from 'vitest';

import { bytesOf, ClaimScripts } from '../../../test/support/claim-scripts.ts';
import { describeEngines } from '../../../test/support/redis-engine.ts';
import { headOf, newsHead } from './claim-batches.ts';
import { CLAIM } from './claim-script.ts';
import { TELL } from './tell-script.ts';
import { encodeWindows } from './window-codec.ts';

const LIFE_MS = 1_000_000;
const [A, B] = [bytesOf('a', 8), bytesOf('b', 8)];
const [NAME, GROUP, DEVICE] = [bytesOf('claim'), bytesOf('group'), bytesOf('device')];
const COOLDOWN = encodeWindows([{ track: 'vouched', phase: 'cooldown', ms: 60_000 }]);
const BUSY = newsHead('L', GROUP, Buffer.from('1'));

describeEngines('the script that tells', (program) => {
  /** An engine in which session `a` has the claim and the lease. */
  async function claimed(): Promise<ClaimScripts> {
    const engine = await ClaimScripts.open(program, A, B);
    await engine.server.command('SET', engine.names.claimKey(NAME), A);
    await engine.server.command('HSET', engine.names.pendingKey(A), NAME, 'sealed');
    await engine.server.command('SET', engine.names.leaseKey(GROUP), A);
    return engine;
  }

  test('a claim that is done is pending no more, and stays done for its life', async () => {
    const engine = await claimed();
    expect(await engine.ask(TELL, A, LIFE_MS, newsHead('D', NAME), '')).toBe('');
    expect([await engine.claim(NAME), await engine.pending(A)]).toEqual(['D', []]);
    expect(await engine.life(engine.names.claimKey(NAME))).toBeGreaterThan(LIFE_MS / 2);
  });

  test('a claim that is done stays done for a shorter time if that is said', async () => {
    const engine = await claimed();
    expect(await engine.ask(TELL, A, LIFE_MS, newsHead('D', NAME), '60000')).toBe('');
    expect([await engine.claim(NAME), await engine.pending(A)]).toEqual(['D', []]);
    expect(await engine.life(engine.names.claimKey(NAME))).toBeLessThanOrEqual(60_000);
  });

  test('a claim that was dropped is free; one that another server has by now is not', async () => {
    const engine = await claimed();
    await engine.ask(TELL, A, LIFE_MS, newsHead('X', NAME), '');
    expect([await engine.claim(NAME), await engine.pending(A)]).toEqual([null, []]);
    await engine.server.command('SET', engine.names.claimKey(NAME), B);
    await engine.ask(TELL, A, LIFE_MS, newsHead('X', NAME), '');
    expect(await engine.claim(NAME)).toBe('b.......');
  });

  test('a session that has died writes nothing, and is told', async () => {
    const engine = await claimed();
    await engine.expire(A);
    expect(await engine.ask(TELL, A, LIFE_MS, newsHead('D', NAME), '')).toBe('!');
    expect(await engine.claim(NAME)).toBe('a.......');
  });

  test('the lease of a group goes when nothing of it is open or runs', async () => {
    const engine = await claimed();
    await engine.ask(TELL, A, LIFE_MS, newsHead('L', GROUP), '');
    expect(await engine.lease(GROUP)).toBeNull();
  });

  test('the lease of a group lasts as long as its longest window, and for as long as something is open', async () => {
    const engine = await claimed();
    const key = engine.names.leaseKey(GROUP);
    await engine.ask(TELL, A, LIFE_MS, BUSY, COOLDOWN);
    expect(await engine.life(key)).toBeGreaterThan(LIFE_MS / 2);
    expect(String(await engine.lease(GROUP)).slice(0, 10)).toBe('a.......\0\x01');
    await engine.ask(TELL, A, LIFE_MS, newsHead('L', GROUP), COOLDOWN);
    expect(await engine.life(key)).toBeGreaterThan(30_000);
    expect(await engine.life(key)).toBeLessThanOrEqual(60_000);
  });

  test('a lease lasts for as long as a wake counts, and holds its group for no longer than its longest window', async () => {
    const engine = await claimed();
    const claim = (owner: Buffer, name: string): Promise<string> =>
      engine.ask(CLAIM, owner, LIFE_MS, headOf(bytesOf(name), GROUP, 'own', owner), 'x');
    const counted = { track: 'chat', phase: 'counted', ms: 500_000 } as const;
    const suspect = { track: 'chat', phase: 'suspect', ms: 500_000 } as const;
    const running = { track: 'chat', phase: 'window', ms: 60_000 } as const;
    await engine.ask(TELL, A, LIFE_MS, newsHead('L', GROUP), encodeWindows([running, counted]));
    expect(await engine.life(engine.names.leaseKey(GROUP))).toBeGreaterThan(400_000);
    expect(await claim(B, 'one')).toBe('H');
    // The session of the lease claims: something is open until it ends.
    expect(await claim(A, 'two')).toBe('W\0');
    expect(await engine.life(engine.names.leaseKey(GROUP))).toBeGreaterThan(LIFE_MS / 2);
    await engine.ask(TELL, A, LIFE_MS, BUSY, encodeWindows([counted]));
    expect(await claim(B, 'three')).toBe('H');
    // The window is over, and nothing is open.
    await engine.ask(TELL, A, LIFE_MS, newsHead('L', GROUP), encodeWindows([counted, suspect]));
    expect(await engine.ask(CLAIM, A, LIFE_MS, headOf(bytesOf('four'), GROUP, 'open', B), 'x')).toBe('H');
    expect((await claim(B, 'five')).slice(0, 4)).toBe('W\x02\x02\x02');
    expect(String(await engine.lease(GROUP)).slice(0, 10)).toBe('b.......\x02\x02');
    expect(await claim(A, 'six')).toBe('H');
  });

  test('what runs is written again where the engine has forgotten it, and where no other server has told more since', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    const again = newsHead('R', GROUP);
    const counted = { track: 'chat', phase: 'counted', ms: 500_000 } as const;
    const [one, two] = [encodeWindows([counted]), encodeWindows([counted, counted])];
    const holder = async (): Promise<string> => String(await engine.lease(GROUP)).slice(0, 1);
    await engine.ask(TELL, A, LIFE_MS, again, one);
    expect(await holder()).toBe('a');
    await engine.ask(TELL, B, LIFE_MS, again, two);
    expect(await holder()).toBe('b');
    await engine.ask(TELL, A, LIFE_MS, again, one);
    expect(await holder()).toBe('b');
    await engine.ask(TELL, A, LIFE_MS, again, encodeWindows([counted, counted, counted]));
    expect(await holder()).toBe('a');
    await engine.ask(TELL, A, LIFE_MS, again, COOLDOWN);
    await engine.ask(TELL, B, LIFE_MS, again, two);
    expect(await holder()).toBe('a');
  });

  test('the lease of a living server is not touched by others; that of a dead one is', async () => {
    const engine = await claimed();
    await engine.ask(TELL, B, LIFE_MS, newsHead('L', GROUP), '');
    expect(await engine.lease(GROUP)).toBe('a.......');
    await engine.expire(A);
    await engine.ask(TELL, B, LIFE_MS, BUSY, '');
    expect(await engine.lease(GROUP)).toBe('b.......');
  });

  test('an owed wake is pending and keeps its group here, until it is paid', async () => {
    const engine = await ClaimScripts.open(program, A);
    await engine.ask(TELL, A, LIFE_MS, newsHead('O', DEVICE, GROUP), 'sealed');
    expect(await engine.pending(A)).toEqual(['odevice..........', 'sealed']);
    expect(await engine.lease(GROUP)).toBe('a.......');
    await engine.ask(TELL, A, LIFE_MS, newsHead('P', DEVICE), '', newsHead('L', GROUP), '');
    expect([await engine.pending(A), await engine.lease(GROUP)]).toEqual([[], null]);
  });

  test('what came and was dealt with leaves the inbox; a claim that was not made is free', async () => {
    const engine = await ClaimScripts.open(program, A);
    const inbox = engine.names.inboxKey(A);
    const id = (await engine.server.commandBuffer('XADD', inbox, '*', NAME, 'sealed')) as Buffer;
    await engine.server.command('SET', engine.names.claimKey(NAME), Buffer.concat([A, Buffer.from('H')]));
    await engine.ask(TELL, A, LIFE_MS, newsHead('S', NAME), Buffer.concat([A, id]));
    expect([await engine.inbox(A), await engine.claim(NAME)]).toEqual([[], null]);
  });

  test('what came and was claimed stays claimed and pending', async () => {
    const engine = await claimed();
    await engine.ask(TELL, A, LIFE_MS, newsHead('S', NAME), Buffer.concat([A, Buffer.from('1-1')]));
    expect([await engine.claim(NAME), await engine.pending(A)]).toEqual([
      'a.......',
      ['claim...........', 'sealed'],
    ]);
  });
});
