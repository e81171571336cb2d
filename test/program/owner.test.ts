import { chmod, chown, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { ALONE, outcome, run } from '../support/program.ts';
import { directoryWithStore, key } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** Users without a name. */
const [SERVICE, STRANGER] = [54_321, 54_322];

const isRoot = process.getuid?.() === 0;

async function giveTo(user: number, directory: string): Promise<void> {
  for (const name of ['.', ...(await readdir(directory, { recursive: true }))])
    await chown(join(directory, name), user, user);
}

/** The owner and the mode of each file, and the directory's own. */
async function ownersIn(directory: string): Promise<Record<string, string>> {
  const names = ['.', ...(await readdir(directory))].toSorted();
  const states = await Promise.all(names.map((name) => stat(join(directory, name))));
  return Object.fromEntries(
    names.map((name, n) => [name, `${states[n]?.uid} ${((states[n]?.mode ?? 0) & 0o777).toString(8)}`]),
  );
}

const as = (user: number): readonly string[] => [
  'setpriv',
  `--reuid=${user}`,
  `--regid=${user}`,
  '--clear-groups',
];

describe.skipIf(!isRoot)('a directory of the server’s user, when a command is run as root', () => {
  test('has only files that the server can read, with owner and mode as they were, and gets a server of its own user', async () => {
    const directory = await directoryWithStore();
    const data = join(directory, 'data');
    await giveTo(SERVICE, directory);
    const before = await ownersIn(data);
    for (const [args, code] of [
      [['store', 'reseal'], 0],
      [['doctor'], 1],
      // No server answers, but the token is made.
      [['trace', key(1)], 1],
    ] as const) {
      const environment = { ...ALONE, STORE: 'file', LOG_FILE: join(directory, 'log', 'app.log') };
      expect([args, await outcome(args, environment, directory)]).toMatchObject([args, { code }]);
    }
    const token = { 'admin.token': `${SERVICE} 600` };
    expect(await ownersIn(data)).toEqual({ ...before, ...token });
    expect(before).toEqual({
      '.': `${SERVICE} 700`,
      'server.key': `${SERVICE} 600`,
      'store.json': `${SERVICE} 600`,
      'store.lock': `${SERVICE} 600`,
    });

    const server = await run([], { ...ALONE, STORE: 'file' }, directory);
    await server.untilPrinted(/server\.started/);
    expect((await stat(`/proc/${server.pid}`)).uid).toBe(SERVICE);
  });

  test('gets its first files from a command too', async () => {
    const directory = await tempDirectory();
    await mkdir(join(directory, 'data'));
    await giveTo(SERVICE, directory);
    expect(await outcome(['trace', key(1)], ALONE, directory)).toMatchObject({ code: 1 });
    expect(await ownersIn(join(directory, 'data'))).toMatchObject({ 'admin.token': `${SERVICE} 600` });
  });

  test('gets nothing from another user, who may write to it, and the user hears which file it cannot read', async () => {
    const directory = await directoryWithStore();
    const data = join(directory, 'data');
    await giveTo(SERVICE, directory);
    // The group of the data may read and write, and the stranger is in it.
    for (const name of ['', ...(await readdir(data))]) {
      await chown(join(data, name), SERVICE, STRANGER);
    }
    await chmod(directory, 0o755);
    await chmod(data, 0o770);
    for (const name of await readdir(data)) await chmod(join(data, name), 0o660);
    const before = await ownersIn(data);
    for (const args of [
      ['store', 'reseal'],
      ['trace', key(1)],
    ]) {
      const program = await run(args, { ...ALONE, STORE: 'file' }, directory, as(STRANGER));
      expect(await program.exited).toBe(78);
      expect(program.stderr()).toContain(`belongs to the user with the number ${SERVICE}`);
    }
    expect(await ownersIn(data)).toEqual(before);

    // A backup that root has put in its place, and that only root can read.
    await chown(join(data, 'server.key'), 0, 0);
    await chmod(join(data, 'server.key'), 0o600);
    const program = await run(['store', 'info'], { ...ALONE, STORE: 'file' }, directory, as(SERVICE));
    expect(await program.exited).toBe(78);
    expect(program.stderr()).toContain(
      'server.key cannot be read (EACCES); make it readable for the user that the server runs as',
    );
  });
});

test.skipIf(!isRoot)(
  'a volume of root’s in which the server’s user may write is that user’s to use',
  async () => {
    const directory = await tempDirectory();
    await chown(directory, 0, SERVICE);
    await chmod(directory, 0o2770);
    const environment = { ...ALONE, STORE: 'file', DATA_DIR: directory };
    const program = await run([], environment, '/', as(SERVICE));
    await program.untilPrinted(/server\.started/);
    program.kill('SIGTERM');
    expect(await program.exited).toBe(0);
    const sealed = await run(['store', 'reseal'], environment, '/', as(SERVICE));
    expect(await sealed.exited).toBe(0);
    expect(await ownersIn(directory)).toMatchObject({ 'store.json': `${SERVICE} 600` });
  },
);
