import { once } from 'node:events';
import { connect, createServer, type ClientHttp2Session } from 'node:http2';
import { createServer as createTcpServer, type Server } from 'node:net';

import { expect, test } from 'vitest';

import { LoopbackServer } from '../../../stand-ins/loopback-server.ts';
import { PATIENCE_MS } from '../../../stand-ins/patience.ts';
import { keep } from '../../../test/support/keep.ts';
import { watchPulse } from './session-pulse.ts';

async function sessionTo(
  server: Server,
  { isBusy, timeoutMs }: { isBusy: () => boolean; timeoutMs: number },
): Promise<ClientHttp2Session> {
  const { port } = keep(await LoopbackServer.listen(server as never));
  const session = connect(`http://127.0.0.1:${port}`);
  keep({ [Symbol.asyncDispose]: async () => session.destroy() });
  watchPulse(session, isBusy, { intervalMs: 5, timeoutMs });
  return session;
}

/** A peer that accepts a connection and never sends a byte. */
const mute = (): Server => createTcpServer((socket) => socket.on('error', () => undefined).resume());

test('a busy HTTP/2 session whose peer answers no ping is destroyed', async () => {
  const session = await sessionTo(mute(), { isBusy: () => true, timeoutMs: 20 });
  const [error] = (await once(session, 'error')) as [Error];
  expect(error.message).toBe('no answer to a PING');
});

test('a busy HTTP/2 session whose peer answers pings stays open', async () => {
  let pings = 0;
  const peer = createServer();
  const answered = new Promise<void>((resolve) => {
    peer.on('session', (session) => session.on('ping', () => ++pings === 20 && resolve()));
  });
  const session = await sessionTo(peer, { isBusy: () => true, timeoutMs: PATIENCE_MS });
  await answered;
  expect(session.destroyed).toBe(false);
});

test('an idle HTTP/2 session is not pinged', async () => {
  let asked = 0;
  const enough = { resolve: (): void => undefined };
  const often = new Promise<void>((resolve) => (enough.resolve = resolve));
  const isBusy = (): boolean => {
    if (++asked === 20) enough.resolve();
    return false;
  };
  const session = await sessionTo(mute(), { isBusy, timeoutMs: 20 });
  await often;
  expect(session.destroyed).toBe(false);
});
