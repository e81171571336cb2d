import { expect, test } from 'vitest';

import { bytesOf, ClaimScripts } from '../../../test/support/claim-scripts.ts';
import { describeEngines } from '../../../test/support/redis-engine.ts';
import { CLAIM } from './claim-script.ts';
import { headOf } from './claim-batches.ts';

const LIFE_MS = 1_000_000;
const [A, B, DEAD] = [bytesOf('a', 8), bytesOf('b', 8), bytesOf('dead', 8)];
const [NAME, OTHER] = [bytesOf('claim'), bytesOf('other')];
const [GROUP, SECOND] = [bytesOf('group'), bytesOf('second')];

describeEngines('the script that claims', (program) => {
  type Reason = Parameters<typeof headOf>[2];
  const head = (reason: Reason, { name = NAME, group = GROUP, owner = A } = {}): Buffer =>
    headOf(name, group, reason, owner);

  test('a free claim is won, kept with its sealed wake, and its group is leased', async () => {
    const engine = await ClaimScripts.open(program, A);
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('own'), 'sealed')).toBe('W\0');
    expect(await engine.claim(NAME)).toBe('a.......');
    expect(await engine.pending(A)).toEqual(['claim...........', 'sealed']);
    expect(await engine.lease(GROUP)).toBe('a.......');
    for (const key of [engine.names.claimKey(NAME), engine.names.leaseKey(GROUP)])
      expect(await engine.life(key)).toBeGreaterThan(LIFE_MS / 2);
  });

  test('of two claims at once one is won, whoever asks, and the answers come in order', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    const [first, other] = [head('own'), head('own', { name: OTHER, group: SECOND })];
    expect(await engine.ask(CLAIM, A, LIFE_MS, first, 'x', first, 'x', other, 'y')).toBe('W\0TW\0');
    expect(await engine.ask(CLAIM, B, LIFE_MS, other, 'y')).toBe('T');
  });

  test('what is done is won by nobody', async () => {
    const engine = await ClaimScripts.open(program, A);
    await engine.server.command('SET', engine.names.claimKey(NAME), 'D');
    for (const reason of ['own', 'open', 'handed', 'again'] as const)
      expect(await engine.ask(CLAIM, A, LIFE_MS, head(reason), 'x')).toBe('D');
  });

  test('a claim of a session that is dead is free', async () => {
    const engine = await ClaimScripts.open(program, A);
    await engine.server.command('SET', engine.names.claimKey(NAME), DEAD);
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('own'), 'x')).toBe('W\0');
  });

  test('a session that has died claims nothing, and is told', async () => {
    const engine = await ClaimScripts.open(program, B);
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('own'), 'x')).toBe('!');
    expect(await engine.claim(NAME)).toBeNull();
  });

  test('an open event goes to the inbox of the owner, once, and is kept for the owner', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    expect(await engine.ask(CLAIM, B, LIFE_MS, head('open'), 'sealed')).toBe('H');
    expect(await engine.ask(CLAIM, B, LIFE_MS, head('open'), 'sealed')).toBe('T');
    expect(await engine.claim(NAME)).toBe('a.......H');
    expect(await engine.inbox(A)).toEqual([['claim...........', 'sealed']]);
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('handed'), 'sealed')).toBe('W\0');
    expect(await engine.claim(NAME)).toBe('a.......');
  });

  test('an open event whose owner is dead is won by the server that asks', async () => {
    const engine = await ClaimScripts.open(program, B);
    expect(await engine.ask(CLAIM, B, LIFE_MS, head('open', { owner: DEAD }), 'x')).toBe('W\0');
  });

  test('a claim whose group another server has leased goes there, whoever owns the group', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    await engine.server.command('SET', engine.names.leaseKey(GROUP), B);
    for (const reason of ['own', 'handed'] as const) {
      const name = bytesOf(reason);
      expect(await engine.ask(CLAIM, A, LIFE_MS, head(reason, { name }), 'x')).toBe('H');
      expect(await engine.claim(name)).toBe('b.......H');
    }
    expect(await engine.inbox(B)).toHaveLength(2);
  });

  test('what was adopted and goes on to another server is pending here no more', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    await engine.server.command('SET', engine.names.leaseKey(GROUP), B);
    await engine.server.command('SET', engine.names.claimKey(NAME), Buffer.concat([A, Buffer.from('H')]));
    await engine.server.command('HSET', engine.names.pendingKey(A), NAME, 'x');
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('handed'), 'x')).toBe('H');
    expect(await engine.pending(A)).toEqual([]);
  });

  test('who takes over the lease of a dead server hears of the windows that run still', async () => {
    const engine = await ClaimScripts.open(program, A);
    const until = Buffer.alloc(6);
    until.writeUIntBE(Date.now() + 500_000, 0, 6);
    const over = Buffer.alloc(6);
    const lease = Buffer.concat([DEAD, Buffer.from([2, 1]), until, Buffer.from([0, 0]), over]);
    await engine.server.command('SET', engine.names.leaseKey(GROUP), lease);
    const answer = (await engine.run(CLAIM, A, LIFE_MS, head('own'), 'x')) as Buffer;
    expect([...answer.subarray(0, 4)]).toEqual(['W'.charCodeAt(0), 1, 2, 1]);
    const ms = answer.readUInt32BE(4);
    expect(ms).toBeGreaterThan(200_000);
    expect(ms).toBeLessThanOrEqual(500_000);
    // The next claim of the same session: it knows its windows itself.
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('own', { name: OTHER }), 'x')).toBe('W\0');
  });

  test('a lease that is damaged holds no group, and fails no claim', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    const torn = [Buffer.alloc(0), Buffer.from([255]), Buffer.from([255, 255, 1]), Buffer.from([0, 1, 9, 9])];
    const long = Buffer.alloc(8 * 300, 0x7f);
    for (const [number, rest] of [...torn, long].entries())
      for (const session of [DEAD, A]) {
        const name = bytesOf(`${number} ${String(session)}`);
        await engine.server.command('SET', engine.names.leaseKey(GROUP), Buffer.concat([session, rest]));
        expect(await engine.ask(CLAIM, A, LIFE_MS, head('own', { name }), 'x')).toMatch(/^W/);
      }
  });

  test('what was claimed before is claimed again: by its session, from the dead, and from an engine that was emptied', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    for (const standing of [A, DEAD, undefined]) {
      if (standing === undefined) await engine.server.command('DEL', engine.names.claimKey(NAME));
      else await engine.server.command('SET', engine.names.claimKey(NAME), standing);
      expect(await engine.ask(CLAIM, A, LIFE_MS, head('again'), 'x')).toBe('W\0');
    }
    await engine.server.command('SET', engine.names.claimKey(NAME), B);
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('again'), 'x')).toBe('T');
  });

  test('what is claimed again stays here, and leaves the lease to the server that has it by now', async () => {
    const engine = await ClaimScripts.open(program, A, B);
    await engine.server.command('SET', engine.names.leaseKey(GROUP), B);
    expect(await engine.ask(CLAIM, A, LIFE_MS, head('again'), 'x')).toBe('W\0');
    expect(await engine.lease(GROUP)).toBe('b.......');
  });
});
