import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { deferred } from '../../test/support/deferred.ts';
import { freePort, takePort } from '../../test/support/free-port.ts';
import { openFileStore, KEY, OTHER_KEY } from '../../test/support/file-store.ts';
import { keep } from '../../test/support/keep.ts';
import { registrationAt, tradeKey } from '../../test/support/registrations.ts';
import { tempDirectory } from '../../test/support/temp-directory.ts';
import { generatePrivateKey } from '../crypto/server-key.ts';
import { StoreLock } from '../store/file/store-lock.ts';
import { checkConfig } from './check-config.ts';
import { doctor } from './doctor.ts';
import { explainFailure } from './explain-failure.ts';
import type { Io } from './io.ts';
import { Lifetime } from './lifetime.ts';
import { serve } from './serve.ts';

interface Setup {
  readonly environment?: Readonly<Record<string, string>>;
  /** Prepares `DATA_DIR`. */
  readonly prepare?: (directory: string) => Promise<unknown>;
}

const hex = (key: typeof KEY): string => Buffer.from(key.reveal()).toString('hex');
const FILE = { STORE: 'file', SERVER_PRIVATE_KEY: hex(KEY) };
const ENDPOINTS = 'unifiedpush_endpoints.json';

async function storeIn(directory: string, { key = KEY, count = 3 } = {}): Promise<string> {
  const { store, path } = await openFileStore(directory, { keys: [key] });
  for (let n = 1; n <= count; n++)
    await store.contents.registrations.put(registrationAt(Date.now(), { tradePubkey: tradeKey(n) }));
  await store.close();
  return path;
}

async function edit(path: string, change: (text: string) => string): Promise<void> {
  await writeFile(path, change(await readFile(path, 'utf8')));
}

const inTheWay = (directory: string, name: string): Promise<void> => writeFile(join(directory, name), '');

/** Setups with which the server starts, and setups with which it does not. */
const SETUPS: Readonly<Record<string, Setup>> = {
  'nothing at all': {},
  'a good store': { environment: FILE, prepare: (at) => storeIn(at) },
  'a store whose last frame is torn': {
    environment: FILE,
    prepare: async (at) => edit(await storeIn(at), (text) => text.slice(0, -40)),
  },
  'a store of the key before': {
    environment: { ...FILE, SERVER_PRIVATE_KEY_PREVIOUS: hex(OTHER_KEY) },
    prepare: (at) => storeIn(at, { key: OTHER_KEY }),
  },
  'a wrong variable': { environment: { SERVER_PORT: 'http' } },
  'one port for both listeners': { environment: { SERVER_PORT: '9999', ADMIN_PORT: '9999' } },
  'a damaged store': {
    environment: FILE,
    prepare: async (at) =>
      edit(await storeIn(at), (text) => {
        const lines = text.split('\n');
        lines[2] = lines[2]?.replace(/.{8}"/, 'AAAAAAAA"') ?? '';
        return lines.join('\n');
      }),
  },
  'a store of another key': { environment: FILE, prepare: (at) => storeIn(at, { key: OTHER_KEY }) },
  'a store and no key any more': { environment: { STORE: 'file' }, prepare: (at) => storeIn(at) },
  'a store of a newer version': {
    environment: FILE,
    prepare: async (at) => edit(await storeIn(at), (text) => text.replace('-store/1"', '-store/9"')),
  },
  'a store that is none': { environment: FILE, prepare: (at) => writeFile(join(at, 'store.json'), '{}') },
  'a store that is a directory': { environment: FILE, prepare: (at) => mkdir(join(at, 'store.json')) },
  'more registrations than MAX_REGISTRATIONS': {
    environment: { ...FILE, MAX_REGISTRATIONS: '2' },
    prepare: (at) => storeIn(at),
  },
  'a store that another process has': {
    environment: FILE,
    prepare: async (at) => keep(await StoreLock.take(join(at, 'store.lock'))),
  },
  'endpoints that nobody wrote': { prepare: (at) => writeFile(join(at, ENDPOINTS), '{"a":1}') },
  'endpoints that nobody wrote beside a store': {
    environment: FILE,
    prepare: (at) => writeFile(join(at, ENDPOINTS), '{"a":1}'),
  },
  'no place for the store': {
    environment: { ...FILE, DATA_DIR: 'file/data' },
    prepare: (at) => inTheWay(at, 'file'),
  },
  'no place for the key': { environment: { DATA_DIR: 'file/data' }, prepare: (at) => inTheWay(at, 'file') },
  'an address of another machine': { environment: { SERVER_HOST: '203.0.113.1' } },
};

const silent = {
  write: () => undefined,
  problem: () => undefined,
  retry: () => undefined,
  onLost: () => undefined,
};

async function ioFor({ environment = {}, prepare }: Setup): Promise<{ io: Io; said: () => string }> {
  const directory = await tempDirectory();
  await prepare?.(directory);
  const { DATA_DIR: data, ...others } = environment;
  let said = '';
  const io: Io = {
    version: '0',
    pid: process.pid,
    directory,
    environment: {
      NOSTR_RELAYS: 'ws://127.0.0.1:9',
      FCM_ENABLED: 'false',
      SERVER_PORT: '0',
      ADMIN_PORT: '0',
      ...others,
      DATA_DIR: data === undefined ? directory : join(directory, data),
    },
    isTerminal: false,
    output: silent,
    errorOutput: silent,
    print: (text) => void (said += text),
    printError: (text) => void (said += text),
    onWarning: () => undefined,
    abandon: () => undefined,
  };
  return { io, said: () => said };
}

/** Runs a command to its end, as `program.ts` does. */
async function codeOf(io: Io, command: () => Promise<number>): Promise<number> {
  try {
    return await command();
  } catch (error) {
    const { code, message } = explainFailure(error);
    io.printError(`${message}\n`);
    return code;
  }
}

/** Every file below the directory, its bytes and when it was changed. */
async function stateOf(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true });
  const states = names.toSorted().map(async (name) => {
    const path = join(directory, name);
    const found = await stat(path);
    const bytes = found.isFile() ? await readFile(path) : '';
    return `${name} ${found.mtimeMs} ${createHash('sha256').update(bytes).digest('hex')}`;
  });
  return Promise.all(states);
}

/** The end of a start, which is stopped as soon as it listens. */
async function startCode(setup: Setup): Promise<number> {
  const { io } = await ioFor(setup);
  const lifetime = new Lifetime();
  const watched: Io = {
    ...io,
    printError: (text) => {
      if (text.includes('HTTP API')) lifetime.stop();
    },
  };
  return codeOf(io, () => serve(watched, lifetime));
}

/** What a refusal is about, without the punctuation around it. */
const sentences = (said: string): string[] =>
  [...said.matchAll(/^ {2}- (?:[\w ]+: )?(.*?)\.?(?: [A-Z][^.]*\.)?$/gm)].map(
    ([, sentence = '']) => sentence,
  );

test.each(Object.entries(SETUPS))(
  'what ends a start is a failure for --check-config and doctor, which change nothing: %s',
  async (_, setup) => {
    const code = await startCode(setup);
    const { io, said } = await ioFor(setup);
    const before = await stateOf(io.directory);
    expect(await codeOf(io, () => checkConfig(io))).toBe(code);
    const refused = said();
    const diagnosis = await codeOf(io, () => doctor(io));
    expect(await stateOf(io.directory)).toEqual(before);
    // The relay of this test is dead, which is a failure of its own.
    expect(diagnosis).toBe(code === 78 ? 78 : 1);
    const failures = said()
      .slice(refused.length)
      .split('\n')
      .filter((line) => /^FAILURE {2}(?!no relay|data directory|server key: It is not)/.test(line));
    expect(failures.length > 0).toBe(code !== 0);
    for (const sentence of sentences(refused)) expect(failures.join('\n')).toContain(sentence);
  },
);

test('a port that another program has is a failure for --check-config and doctor too, if the operator chose it', async () => {
  const taken = keep(await takePort());
  taken.server.on('connection', (socket) => socket.resume().end('no HTTP\r\n'));
  for (const name of ['SERVER_PORT', 'ADMIN_PORT']) {
    const setup = { environment: { [name]: String(taken.port) } };
    expect(await startCode(setup)).toBe(1);
    const { io, said } = await ioFor(setup);
    expect(await codeOf(io, () => checkConfig(io))).toBe(1);
    expect(said()).toMatch(/port: Port \d+ is taken by another program\. Set \w+_PORT to a free one\./);
    expect(await codeOf(io, () => doctor(io))).toBe(1);
    expect(said()).toMatch(/^FAILURE {2}\w+ port: Port \d+ is taken by another program\.$/m);
  }
});

test('beside the running server of this directory --check-config finds nothing, and beside a server of another key its port', async () => {
  const port = String(await freePort());
  const { io, said } = await ioFor({ environment: { STORE: 'file', SERVER_PORT: port } });
  const lifetime = new Lifetime();
  const { promise: listening, resolve: started } = deferred();
  const running = serve({ ...io, printError: (text) => text.includes('HTTP API') && started() }, lifetime);
  await listening;
  expect([await checkConfig(io), said()]).toEqual([
    0,
    expect.stringContaining('The configuration is usable'),
  ]);
  const other = await ioFor({ environment: { SERVER_PORT: port, SERVER_PRIVATE_KEY: generatePrivateKey() } });
  expect(await checkConfig(other.io)).toBe(1);
  expect(other.said()).toContain('has another key than this directory');
  const PUBLIC_URL = `http://127.0.0.1:${port}`;
  const misled = await ioFor({ environment: { PUBLIC_URL, SERVER_PRIVATE_KEY: generatePrivateKey() } });
  await doctor(misled.io);
  expect(misled.said()).toMatch(/^FAILURE {2}PUBLIC_URL: It leads to a server with another key: /m);
  lifetime.stop();
  expect(await running).toBe(0);
});
