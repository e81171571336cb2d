import { once } from 'node:events';
import { connect } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { deferred } from '../support/deferred.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, serve, type RunningProgram } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';

interface HeldWake extends RunningProgram {
  readonly google: GoogleStandIn;
  /** Lets Google answer. */
  readonly release: () => void;
}

/** The program with one push under way. Google has received it and does not answer yet. */
async function holdWake(environment: Readonly<Record<string, string>> = {}): Promise<HeldWake> {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start({ tls: false }))];
  const held = deferred();
  const received = deferred();
  google.answer = () => {
    received.resolve();
    return held.promise;
  };
  const running = await serve({
    NOSTR_RELAYS: relay.url,
    ...(await googleEnvironment(google)),
    ...environment,
  });
  await relay.subscribed(1059);
  const alice = await registeredPhone({ name: 'alice', serverUrl: running.apiUrl, kind: 'ios' });
  const daemon = keep(new Daemon());
  await daemon.publish(relay.url, daemon.giftWrap(alice.tradePubkey));
  await received.promise;
  return { ...running, google, release: held.resolve };
}

test('a signal ends the server though a client never finishes its request', async () => {
  // Far longer than the test may run: if the stop waited for the client, the test would fail.
  const { program, apiUrl } = await serve({ SHUTDOWN_TIMEOUT_SECONDS: '3600' });
  const { hostname, port } = new URL(apiUrl);
  const client = connect(Number(port), hostname);
  onTestFinished(() => void client.destroy());
  client.write('POST /api/register HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{');
  await once(client, 'connect');
  // This request is answered after the server has read the half request, because one process reads both.
  await fetch(`${apiUrl}/api/health`);
  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends an idle server with 0', async (signal) => {
  const { program } = await serve();
  program.kill(signal);
  expect(await program.exited).toBe(0);
  expect(program.output()).toContain('server.stopped');
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'after %s the server takes no more requests, waits for the push under way, and ends with 0',
  async (signal) => {
    const { program, apiUrl, google, release } = await holdWake({ LOG_LEVEL: 'debug' });
    program.kill(signal);
    await program.untilPrinted(/server\.stopping/);
    await expect.poll(() => fetch(apiUrl).catch(() => 'closed')).toBe('closed');
    expect(google.pushes.count).toBe(0);
    release();
    // Rejects if the program ended without the answer.
    await program.untilPrinted(/wake\.delivered/);
    expect(await program.exited).toBe(0);
    expect(google.pushes.count).toBe(1);
    expect(program.output()).toMatch(/"count":0,"msg":"server\.stopped"/);
  },
);

test('a signal ends the server with 1 and the number of lost wakes when the time to stop is over', async () => {
  const { program } = await holdWake({ SHUTDOWN_TIMEOUT_SECONDS: '0' });
  program.kill('SIGTERM');
  expect(await program.exited).toBe(1);
  expect(program.output()).toMatch(/"count":1,"msg":"server\.stopped"/);
});

test.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('a second signal, %s, ends the server at once with %i', async (signal, code) => {
  const { program } = await holdWake();
  program.kill('SIGTERM');
  await program.untilPrinted(/server\.stopping/);
  program.kill(signal);
  expect(await program.exited).toBe(code);
  expect(program.output()).not.toContain('server.stopped');
});
