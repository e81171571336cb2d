import { execFile } from 'node:child_process';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { freshKey } from '../support/api-server.ts';
import { keep } from '../support/keep.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';

const SCRIPT = fileURLToPath(new URL('../../test_server.sh', import.meta.url));

function run(...args: readonly string[]): Promise<{ code: number; printed: string }> {
  return new Promise((resolve) => {
    execFile('bash', [SCRIPT, ...args], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), printed: stdout + stderr });
    });
  });
}

async function liveServer(environment: Record<string, string> = {}): Promise<TestServer> {
  const relays = [keep(await RelayStandIn.start())];
  return keep(await startTestServer({ relays, environment }));
}

test('test_server.sh finds all well with a server that works, and leaves nothing behind', async () => {
  const server = await liveServer();
  const { code, printed } = await run(server.apiUrl);
  expect([code, printed]).toEqual([0, expect.stringContaining('All is well.')]);
  expect(printed.match(/^ {2}ok /gm)).toHaveLength(9);
  expect(await (await fetch(`${server.apiUrl}/api/status`)).text()).toContain('"total":0');
});

test('test_server.sh has the push arrive at an endpoint that it is given', async () => {
  const distributor = keep(await UnifiedPushStandIn.start());
  const server = await liveServer();
  const { code } = await run('--endpoint', distributor.endpoint('mine'), server.apiUrl);
  expect(code).toBe(0);
  expect(distributor.pushes.count).toBe(1);
});

test('test_server.sh names the instance that it is told of', async () => {
  const instance = freshKey();
  const server = await liveServer({ TRUSTED_WHITELIST_ENABLED: 'true', MOSTRO_PUBKEYS: instance });
  expect((await run('--mostro-pubkey', instance, server.apiUrl)).code).toBe(0);
  const { code, printed } = await run(server.apiUrl);
  expect([code, printed]).toEqual([1, expect.stringContaining('Mostro instance pubkey required')]);
});

test('test_server.sh takes it that plain tokens, or what is not signed, can be refused', async () => {
  for (const environment of [{ ALLOW_PLAINTEXT_TOKENS: 'false' }, { REGISTRATION_AUTH: 'required' }]) {
    const { code, printed } = await run((await liveServer(environment)).apiUrl);
    expect([code, printed]).toEqual([0, expect.stringContaining('refuses what it is told to refuse')]);
  }
});

test('test_server.sh fails where no relay is live', async () => {
  const server = keep(await startTestServer());
  const { code, printed } = await run(server.apiUrl);
  expect([code, printed]).toEqual([1, expect.stringContaining('FAIL  no relay is live')]);
});

test('test_server.sh fails at once where there is no server', async () => {
  const { code, printed } = await run('http://127.0.0.1:9');
  expect([code, printed]).toEqual([1, expect.stringContaining('There is no server')]);
});

test('test_server.sh fails where nothing was written into the data directory', async () => {
  const directory = await tempDirectory();
  await mkdir(join(directory, 'old'));
  await writeFile(join(directory, 'old', 'unifiedpush_endpoints.json'), '{}');
  const { code, printed } = await run('--data-dir', directory, (await liveServer()).apiUrl);
  expect([code, printed]).toEqual([1, expect.stringContaining(`no file in ${directory} was written`)]);
});

test('test_server.sh looks into what was written: it must not name the key or the endpoint', async () => {
  const distributor = keep(await UnifiedPushStandIn.start());
  const endpoint = distributor.endpoint('mine');
  const { apiUrl } = await liveServer();
  const verdicts: unknown[] = [];
  for (const content of ['{"sealed":"AAAA"}', `{"endpoint":"${endpoint}"}`]) {
    const directory = await tempDirectory();
    const file = join(directory, 'unifiedpush_endpoints.json');
    await writeFile(file, content);
    // As if the server wrote the file while the script runs.
    await utimes(file, Date.now() / 1000 + 60, Date.now() / 1000 + 60);
    const { code, printed } = await run('--data-dir', directory, '--endpoint', endpoint, apiUrl);
    expect(printed).toContain('the registration is written: unifiedpush_endpoints.json');
    verdicts.push([code, printed.includes('FAIL  the key or the endpoint can be read in it')]);
  }
  expect(verdicts).toEqual([
    [0, false],
    [1, true],
  ]);
});

test.each([['--nonsense'], ['--data-dir']])('test_server.sh explains itself for %s', async (...args) => {
  const { code, printed } = await run(...args);
  expect([code, printed]).toEqual([64, expect.stringContaining('./test_server.sh [--data-dir DIR]')]);
});
