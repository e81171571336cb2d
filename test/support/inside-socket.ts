import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { keep } from './keep.ts';

export interface InsideSocket {
  readonly port: number;
  /** How many connections it has seen. */
  readonly connections: () => number;
}

/** A socket inside the operator's network: one port of both loopback addresses, until the test is over. It counts every connection and cuts it. */
export async function insideSocket(): Promise<InsideSocket> {
  let connections = 0;
  const listener = (): Server =>
    createServer((socket) => {
      connections++;
      socket.on('error', () => undefined).destroy();
    });
  const { port } = keep(await LoopbackServer.listen(listener()));
  const v6 = listener();
  v6.listen(port, '::1');
  // A machine may have no IPv6.
  const isListening = await once(v6, 'listening').then(
    () => true,
    () => false,
  );
  keep({ [Symbol.asyncDispose]: async () => void (isListening && v6.close()) });
  return { port, connections: () => connections };
}
