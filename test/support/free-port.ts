import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** A free port of the loopback interface. */
export async function freePort(): Promise<number> {
  await using taken = await takePort();
  return taken.port;
}

/** Listens on a port of the loopback interface, by default a free one, and answers nothing. */
export async function takePort(port = 0): Promise<AsyncDisposable & { port: number; server: Server }> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    port: address.port,
    server,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}
