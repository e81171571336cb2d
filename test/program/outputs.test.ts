import { createReadStream } from 'node:fs';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { freePort } from '../support/free-port.ts';
import { call } from '../support/http.ts';
import { FAULT_AT_SIGUSR2, injected } from '../support/injected-fault.ts';
import { keep } from '../support/keep.ts';
import { makeFifo } from '../support/make-fifo.ts';
import { readMetric } from '../support/metrics-page.ts';
import { ALONE, googleEnvironment, run, serve } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { register } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

/** A pipe that is full from the start. The program itself has its reading end open, so it has a reader that never reads. */
const UNREAD_OUTPUT = 'exec 3<>"$0"; head -c 65536 /dev/zero >&3; exec "$@" >&3';
/** A pipe whose reading end is closed. */
const CLOSED_ERROR_OUTPUT = 'exec 2> >(:); exec "$@"';

async function alarmsOf(adminUrl: string): Promise<string> {
  return (await call(`${adminUrl}/health/ready`)).text;
}

test('standard output that nobody reads stops nothing: lines are lost and counted, an alarm says so, and it goes when somebody reads', async () => {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start({ tls: false }))];
  const fifo = join(await tempDirectory(), 'output');
  await makeFifo(fifo);
  const environment = { LOG_LEVEL: 'debug', NOSTR_RELAYS: relay.url, ...(await googleEnvironment(google)) };
  const within = ['bash', '--norc', '-c', UNREAD_OUTPUT, fifo];
  const program = await run([], { ...ALONE, ...environment, PATH: '/usr/bin:/bin' }, undefined, within);
  const [, apiUrl = ''] = await program.untilPrinted(/HTTP API +(http:\S+)/);
  const [, adminUrl = ''] = await program.untilPrinted(/admin +(\S+)/);
  await relay.subscribed(1059);
  const running = { apiUrl: apiUrl.replace('0.0.0.0', '127.0.0.1') };
  const lost = async (): Promise<number> =>
    readMetric((await call(`${adminUrl}/metrics`)).text, 'mostro_push_log_lines_lost_total{output="stdout"}');
  for (let n = 1; (await lost()) === 0; n += 100) {
    const batch = Array.from({ length: 100 }, (_, of) => register(running, n + of));
    expect(new Set((await Promise.all(batch)).map(({ status }) => status))).toEqual(new Set([200]));
  }
  expect(await alarmsOf(adminUrl)).toContain('log output stalled');
  const alice = await registeredPhone({ name: 'alice', serverUrl: running.apiUrl, kind: 'ios' });
  relay.broadcast(eventFor([alice.tradePubkey]));
  await google.pushes.atLeast(1, { where: ({ token }) => token === alice.token });
  const reader = createReadStream(fifo).resume();
  onTestFinished(() => void reader.destroy());
  await expect.poll(() => alarmsOf(adminUrl)).not.toContain('log output stalled');
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('standard output that nobody reads does not keep the program from ending after a fault', async () => {
  const fifo = join(await tempDirectory(), 'output');
  await makeFifo(fifo);
  const within = ['bash', '--norc', '-c', UNREAD_OUTPUT, fifo];
  const environment = { ...ALONE, ...(await injected(FAULT_AT_SIGUSR2)), PATH: '/usr/bin:/bin' };
  const program = await run([], environment, undefined, within);
  await program.untilPrinted(/HTTP API/);
  program.kill('SIGUSR2');
  expect(await program.exited).toBe(1);
});

const within = ['bash', '--norc', '-c', CLOSED_ERROR_OUTPUT, 'bash'];

test('standard error whose reader has gone does not keep the program from stopping', async () => {
  const program = await run([], ALONE, undefined, within);
  await program.untilPrinted(/server\.started/);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  expect(program.output()).toContain('server.stopped');
});

test('standard error whose reader has gone does not keep the program from ending after a fault', async () => {
  const program = await run([], { ...ALONE, ...(await injected(FAULT_AT_SIGUSR2)) }, undefined, within);
  await program.untilPrinted(/server\.started/);
  program.kill('SIGUSR2');
  expect(await program.exited).toBe(1);
  expect(program.output()).toMatch(/"msg":"server\.failed"[^]*"msg":"server\.stopped"/);
});

test('standard output that is closed from the beginning does not keep the program from starting and stopping', async () => {
  const program = await run([], ALONE, undefined, ['bash', '--norc', '-c', 'exec >&-; exec "$@"', 'bash']);
  await program.untilPrinted(/HTTP API/);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test('a FIFO as LOG_FILE without a reader is not waited for, and an alarm says so until somebody reads', async () => {
  const path = join(await tempDirectory(), 'app.log');
  await makeFifo(path);
  const { program, adminUrl } = await serve({ LOG_FILE: path, ADMIN_PORT: String(await freePort()) });
  expect(await alarmsOf(adminUrl)).toContain('log file unwritable');
  const read = createReadStream(path, 'utf8');
  onTestFinished(() => void read.destroy());
  let said = '';
  read.on('data', (text) => (said += text.toString()));
  await expect.poll(() => alarmsOf(adminUrl)).not.toContain('log file unwritable');
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  await expect.poll(() => said).toContain('server.stopped');
});

test("Node's own warnings are in the log, and not on standard error", async () => {
  const source = `process.on('SIGUSR2', () => process.emitWarning('a secret', { code: 'INJECTED' }));`;
  const { program } = await serve(await injected(source));
  program.kill('SIGUSR2');
  await program.untilPrinted(/"error":"Warning INJECTED.*","msg":"process\.warning"/);
  expect(program.output()).not.toContain('a secret');
});
