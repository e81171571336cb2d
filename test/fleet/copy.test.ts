import { join } from 'node:path';

import { expect, test } from 'vitest';

import { fileStoreAt } from '../support/file-store.ts';
import { Secret } from '../../src/core/basics/secret.ts';
import { fleetEnvironment, FLEET_KEY } from '../support/fleet-programs.ts';
import { outcome, serve } from '../support/program.ts';
import { describeEngine, EngineServer } from '../support/redis-engine.ts';
import { fcmTarget, registrationAt, tradeKey } from '../support/registrations.ts';
import { register, total } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const NOW = Date.now();
const PHONE = fcmTarget('phone');

/** A directory with a file of all kinds of records. */
async function directoryWithFile(): Promise<string> {
  const directory = await tempDirectory();
  const store = fileStoreAt(join(directory, 'store.json'), {
    keys: [new Secret(Buffer.from(FLEET_KEY, 'hex'))],
  });
  await store.open();
  const { contents } = store;
  await contents.registrations.put(registrationAt(NOW, { target: PHONE, signed: true }));
  await contents.registrations.put(
    registrationAt(NOW, { tradePubkey: tradeKey(2), woken: true, expiresAt: NOW + 1e8 }),
  );
  contents.proofs.note('wss://relay.example/', 14, NOW);
  contents.owed.owe({ target: PHONE, kind: 'silent_wake', keys: [tradeKey(1)] });
  contents.cohorts.note({ type: 'formed', cohort: 1, view: 'fcm android' });
  contents.cohorts.note({ type: 'joined', cohort: 1, place: 1, target: PHONE });
  await store.close();
  return directory;
}

function linesOf(exported: { readonly stdout: string } | undefined): string[] {
  return exported?.stdout.split('\n').toSorted() ?? [];
}

describeEngine('mostro-push store copy', () => {
  test('takes the file of one server to a fleet and back, with all times, and never mixes two stores unasked', async () => {
    const engine = await EngineServer.start();
    const there = { ...fleetEnvironment(engine), DATA_DIR: await directoryWithFile() };
    const copy = (...args: string[]): ReturnType<typeof outcome> =>
      outcome(['store', 'copy', ...args], there);
    const inFile = (command: string, { DATA_DIR }: { DATA_DIR: string }): ReturnType<typeof outcome> =>
      outcome(['store', command], { ...there, DATA_DIR, STORE: 'file' });
    const [before, planned] = await Promise.all([
      inFile('export', there),
      copy('--to', 'redis', '--dry-run'),
    ]);
    expect(planned.stdout).toMatch(/registrations copied +2\n[^]*Nothing was copied/);
    const early = await Promise.all([copy('--to', 'file'), outcome(['store', 'info'], there)]);
    for (const nothing of early)
      expect(nothing).toMatchObject({ code: 1, stderr: expect.stringContaining('has no data of a fleet') });
    // None of them makes the database this fleet's.
    expect(await engine.command('DBSIZE')).toBe(0);
    const copied = await copy('--to', 'redis');
    expect(copied).toMatchObject({ code: 0, stderr: '' });
    expect(copied.stdout).toMatch(
      /registrations copied +2\n +registered there already +0\n +devices in cohorts +1\n +owed wakes +1\n/,
    );
    const empty = { ...there, DATA_DIR: await tempDirectory() };
    const [exported, info, verified, again, none] = await Promise.all([
      ...['export', 'info', 'verify'].map((command) => outcome(['store', command], there)),
      copy('--to', 'redis'),
      outcome(['store', 'copy', '--to', 'redis'], empty),
    ]);
    expect(linesOf(exported)).toEqual(linesOf(before));
    expect(info?.stdout).toMatch(/cohorts +1: 1 devices[^]*relay\.example, kind 14: until/);
    expect([verified?.code, again?.code, none?.code]).toEqual([0, 1, 1]);
    expect(again?.stderr).toContain('has 2 registrations already');

    const back = await outcome(['store', 'copy', '--to', 'file'], empty);
    expect(back).toMatchObject({ code: 0, stderr: '' });
    expect(back.stdout).toMatch(/owed wakes +1/);
    const [exportedBack, infoBack] = await Promise.all([inFile('export', empty), inFile('info', empty)]);
    expect(linesOf(exportedBack)).toEqual(linesOf(before));
    expect(infoBack.stdout).toMatch(/owed +1 devices/);

    const server = await serve(there);
    expect(await total(server)).toBe(2);
    await register(server, 3);
    expect((await copy('--to', 'redis', '--merge')).stdout).toMatch(/registrations copied +0\n/);
    expect(await total(server)).toBe(3);
  });

  test('says what it needs', async () => {
    const engine = await EngineServer.start();
    const { REDIS_URL: _, ...without } = fleetEnvironment(engine);
    expect(await outcome(['store', 'copy'], without)).toMatchObject({ code: 64 });
    const { code, stderr } = await outcome(['store', 'copy', '--to', 'file'], { ...without, STORE: 'file' });
    expect(code).toBe(78);
    expect(stderr).toContain('REDIS_URL');
    const needless = { ...fleetEnvironment(engine), REDIS_URL: engine.url({ who: ':needless' }) };
    const wrong = await outcome(['store', 'info'], needless);
    expect(wrong).toMatchObject({
      code: 78,
      stderr: 'REDIS_URL: the engine there cannot be used: it has no password, and REDIS_URL has one\n',
    });
    await engine.kill();
    const gone = await outcome(['store', 'copy', '--to', 'file'], fleetEnvironment(engine));
    expect(gone.code).toBe(1);
    expect(gone.stderr).toContain('nothing listens at its port');
  });
});
