import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { areInstalled, DebianProgram } from '../support/debian-program.ts';
import { fleetNames, openEngine } from '../support/fleet-engine.ts';
import { freePort } from '../support/free-port.ts';
import { describeEngines, EngineServer } from '../support/redis-engine.ts';
import { NGINX } from '../support/reverse-proxy.ts';
import { tempDirectory } from '../support/temp-directory.ts';

const textOf = (path: string): Promise<string> =>
  readFile(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

/** The lines of the engine's configuration that the arguments of its command in the file for Compose stand for. */
async function composedLines(): Promise<string[]> {
  const compose = await textOf('docker-compose.fleet.yml');
  const command = /command:\n((?: {6}(?:-|#) .*\n)+)/.exec(compose)?.[1] ?? '';
  const words = [...command.matchAll(/^ {6}- (.*)$/gm)].map(([, word = '']) =>
    word.replace(/^'(.*)'$/, '$1'),
  );
  expect(words.shift()).toBe('valkey-server');
  return words
    .join(' ')
    .replace('${ENGINE_PASSWORD:?}', 'secret')
    .split(/ ?--/)
    .slice(1)
    .map((line) => (line.trim() === 'save' ? 'save ""' : line));
}

test('docker-compose.fleet.yml gives two servers the same key and engine, names of their own, and no rights', async () => {
  const compose = await textOf('docker-compose.fleet.yml');
  for (const line of [
    '    STORE: redis',
    '    SERVER_PRIVATE_KEY: ${SERVER_PRIVATE_KEY:?}',
    '    REDIS_URL: redis://:${ENGINE_PASSWORD:?}@engine:6379/0',
    '  read_only: true',
    '  ulimits:',
  ])
    expect(compose.split('\n')).toContain(line);
  for (const name of ['push-1', 'push-2'])
    expect(compose).toContain(
      `  ${name}:\n    <<: *server\n    hostname: ${name}\n    environment:\n      <<: *environment\n      ADMIN_HOST: ${name}\n`,
    );
  // Only the proxy can be reached from outside: the dashboards are for this machine.
  const ports = [...compose.matchAll(/^ {6}- '([\d.:]+)'$/gm)].map(([, port]) => port);
  expect(ports).toEqual(['127.0.0.1:9464:9464', '127.0.0.1:9465:9464', '80:80', '443:443']);
});

describeEngines('the shipped configuration of an engine', (program) => {
  test('in docker-compose.fleet.yml is taken, asks for the password, keeps every change, and evicts nothing', async () => {
    const lines = await composedLines();
    expect(lines).toHaveLength(5);
    const server = await EngineServer.start({ program, password: 'secret', lines });
    const { facts } = await openEngine(server.address());
    expect(facts).toMatchObject({ isAppending: true, maxmemoryPolicy: 'noeviction' });
    await expect(openEngine({ ...server.address(), password: undefined })).rejects.toThrow(
      'it asks for a password',
    );
  });

  test('in docs/fleet.md gives a user the rights that are needed, and each of them is needed', async () => {
    const page = await textOf('docs/fleet.md');
    const { prefix } = fleetNames();
    const rule = /^(user mostro .*)$/m.exec(page)?.[1]?.replace('PREFIX:', prefix) ?? '';
    const rights = rule.split(' ').filter((word) => word.startsWith('+'));
    expect(rights.length).toBeGreaterThan(20);
    const less = rights.map((right, at) =>
      rule.replace('user mostro', `user less${at}`).replace(` ${right}`, ''),
    );
    const server = await EngineServer.start({ program, lines: [rule, ...less] });
    const open = (user: string): Promise<boolean> =>
      openEngine(server.address({ user, password: 'PASSWORD' })).then(
        ({ isUp }) => isUp,
        () => false,
      );
    expect(await open('mostro')).toBe(true);
    for (const [at, right] of rights.entries())
      // The database is 0, so it need not be chosen.
      expect([right, await open(`less${at}`)]).toEqual([right, right === '+select']);
  });
});

test.skipIf(!areInstalled('caddy'))(
  'Caddy with deploy/Caddyfile.fleet shares requests among the servers, and leaves out one that is gone (.ci/install-proxies)',
  async () => {
    const [one, two] = [await answering('one'), await answering('two')];
    const [directory, port] = [await tempDirectory(), await freePort()];
    const file = join(directory, 'Caddyfile');
    const site = (await textOf('deploy/Caddyfile.fleet'))
      .replace('\npush.example.org {', `\nhttp://127.0.0.1:${port} {`)
      .replace('push-1:8080', `127.0.0.1:${portOf(one)}`)
      .replace('push-2:8080', `127.0.0.1:${portOf(two)}`);
    await writeFile(file, `{\n\tadmin off\n\tauto_https off\n}\n${site}`);
    await DebianProgram.start('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], port);
    await leavesOut(`http://127.0.0.1:${port}`, one);
  },
);

test.skipIf(!NGINX.isInstalled)(
  'nginx with deploy/nginx.conf and a line for each server does the same (.ci/install-proxies)',
  async () => {
    const [one, two] = [await answering('one'), await answering('two')];
    await leavesOut(await NGINX.start(portOf(one), portOf(two)), one);
  },
);

/** Both servers, `one` and `two`, get requests, and when the first one ends, the other one gets all of them, at once. */
async function leavesOut(url: string, one: Server): Promise<void> {
  const all: string[] = [];
  const answers = async (): Promise<Set<string>> => {
    const now = new Set<string>();
    for (let request = 0; request < 10; request++) {
      const response = await fetch(`${url}/api/register`, { method: 'POST', body: '{}' });
      now.add(`${response.status} ${response.ok ? await response.text() : ''}`);
    }
    all.push(...now);
    return now;
  };
  expect(await answers()).toEqual(new Set(['200 one', '200 two']));
  one.close();
  one.closeAllConnections();
  // What was on its way to it may get 502. No request is refused because a server was blamed for the other.
  await expect.poll(answers).toEqual(new Set(['200 two']));
  expect(all.filter((answer) => answer.startsWith('503'))).toEqual([]);
}

async function answering(name: string): Promise<Server> {
  const server = createServer((_, response) => response.end(name));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
