import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';

import { MINUTE_MS } from '../core/basics/clock.ts';

const ANSWER = 'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n';

/**
 * Loads all that the push services' clients read from files, some of it with their first connection only: undici, its parser, and the
 * certificates of `NODE_EXTRA_CA_CERTS`. Node keeps a failure to load as it keeps what is loaded: one that came with the first wake, because
 * there were no file descriptors left for instance, would end delivery for good.
 *
 * @throws what the loader says, or the system
 */
export async function loadClients(): Promise<void> {
  createSecureContext();
  const { Client } = await import('undici');
  // The rest is loaded with a first answer: the process asks itself for one.
  const server = createServer((socket) => socket.on('data', () => socket.end(ANSWER))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = new Client(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    const signal = AbortSignal.timeout(MINUTE_MS);
    const { body } = await client.request({ method: 'GET', path: '/', signal });
    await body.dump();
  } finally {
    await client.destroy();
    server.close();
  }
}
