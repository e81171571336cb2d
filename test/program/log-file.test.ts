import { readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { outcome, serve } from '../support/program.ts';
import { freePort } from '../support/free-port.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const linesOf = async (path: string): Promise<string[]> =>
  (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');

test('LOG_FILE gets every line that standard output gets, in a directory that is made for it', async () => {
  const path = join(await tempDirectory(), 'log', 'mostro-push-backend', 'app.log');
  const { program } = await serve({ LOG_FILE: path, LOG_FORMAT: 'json' });
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  const lines = await linesOf(path);
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toContain('server.stopped');
  expect(lines).toEqual(
    program
      .stdout()
      .split('\n')
      .filter((line) => line.startsWith('{')),
  );
  expect((await stat(path)).mode & 0o007).toBe(0);
});

test('LOG_FILE is readable too, without colours, where the log is for people', async () => {
  const path = join(await tempDirectory(), 'app.log');
  await serve({ LOG_FILE: path, LOG_FORMAT: 'pretty' });
  await expect.poll(async () => (await linesOf(path)).join('\n')).toMatch(/INFO: server\.started/);
  expect(await readFile(path, 'utf8')).not.toContain('\u001B');
});

test('LOG_FILE is opened anew at SIGHUP, after a rotation, and the server goes on', async () => {
  const path = join(await tempDirectory(), 'app.log');
  const { program } = await serve({ LOG_FILE: path });
  await rename(path, `${path}.1`);
  program.kill('SIGHUP');
  await expect.poll(() => readFile(path, 'utf8').catch(() => undefined)).toBeDefined();
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  expect((await linesOf(path)).join('\n')).toContain('server.stopped');
  expect((await linesOf(`${path}.1`)).join('\n')).not.toContain('server.stopped');
});

test('healthcheck is 0 while the server answers, and 1 when none does', async () => {
  const environment = { SERVER_PORT: String(await freePort()) };
  expect(await outcome(['healthcheck'], environment)).toMatchObject({ code: 1 });
  const { program } = await serve(environment);
  expect(await outcome(['healthcheck'], environment)).toMatchObject({ code: 0, stdout: '', stderr: '' });
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  expect(await outcome(['healthcheck'], environment)).toMatchObject({ code: 1 });
});

test('healthcheck is 78 with a port that is none', async () => {
  expect(await outcome(['healthcheck'], { SERVER_PORT: 'x' })).toMatchObject({ code: 78 });
});
