import { open } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { FAULT_AT_SIGUSR2, injected } from '../support/injected-fault.ts';
import { makeFifo } from '../support/make-fifo.ts';
import { ALONE, run, serve } from '../support/program.ts';
import { tempDirectory } from '../support/temp-directory.ts';

/** A preload that keeps every listener from listening, so that the start hangs. */
const NEVER_LISTENS = `require('node:net').Server.prototype.listen = function () { return this; };`;

test.each([
  [
    'because the unit forbids to look at the network interfaces',
    `require('node:os').networkInterfaces = () => { throw new Error('EAFNOSUPPORT'); };`,
  ],
  [
    'as an exception while the listener opens',
    `require('node:net').Server.prototype.listen = () => setImmediate(() => { throw new Error('injected'); });`,
  ],
  [
    'as a rejected promise while the listener opens',
    `require('node:net').Server.prototype.listen = () => void Promise.reject(new Error('injected'));`,
  ],
  [
    'before the program is loaded',
    `process.on('newListener', (name) => name === 'uncaughtException' && setImmediate(() => { throw new Error('injected'); }));`,
  ],
])(
  'a fault that nothing catches during the start, %s, ends the program with 1 and says where',
  async (_, source) => {
    const program = await run([], { ...ALONE, ...(await injected(source)) });
    expect(await program.exited).toBe(1);
    expect(program.stderr()).toMatch(/^mostro-push failed: Error at injected\.cjs:\d+:\d+$/m);
  },
);

test('a fault that nothing catches ends the program with 1, and the stop is an orderly one', async () => {
  const { program } = await serve(await injected(FAULT_AT_SIGUSR2));
  program.kill('SIGUSR2');
  expect(await program.exited).toBe(1);
  expect(program.output()).toMatch(/"msg":"server\.failed"[^]*"msg":"server\.stopped"/);
});

test('a fault that nothing catches during the stop makes the exit code 1', async () => {
  const source = `process.prependListener('SIGTERM', () => process.nextTick(() => { throw new Error('injected'); }));`;
  const { program } = await serve(await injected(source));
  program.kill('SIGTERM');
  expect(await program.exited).toBe(1);
});

test('SIGTERM during the start ends a start that hangs, with 0', async () => {
  const program = await run([], { ...ALONE, ...(await injected(NEVER_LISTENS)) });
  await program.untilPrinted(/relay\.lost/);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  expect(program.output()).toContain('server.stopped');
});

test('SIGTERM during the start ends a start that reads a key file which never comes to its end', async () => {
  const path = join(await tempDirectory(), 'key.json');
  await makeFifo(path);
  const program = await run([], { ...ALONE, FIREBASE_SERVICE_ACCOUNT_PATH: path });
  // Resolves when the program has opened the FIFO too.
  const writer = await open(path, 'w');
  onTestFinished(() => writer.close());
  program.kill('SIGTERM');
  // The signal itself ends the program, because Node cannot exit while it reads the FIFO.
  expect(await program.exited).toBeNull();
});

test('a command whose reader has gone ends, without a word about it', async () => {
  const within = ['bash', '--norc', '-c', 'set -o pipefail; "$@" | true; echo "ended with $?"', 'bash'];
  const program = await run(['--help'], {}, undefined, within);
  expect(await program.exited).toBe(0);
  expect(program.output()).toMatch(/^ended with (?:0|141)\n$/);
});
