import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { createSecureContext } from 'node:tls';

import { MINUTE_MS } from '../core/basics/clock.ts';

const ANSWER = 'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n';

/**
 * Loads the files that the push services' clients need: undici, its parser, and the certificates of `NODE_EXTRA_CA_CERTS`. Without this
 * the clients would load some of them with their first connection. Node remembers a failed load for the life of the process, so a failure
 * at the first wake (no file descriptor left, for instance) would end delivery for good.
 *
 * @throws the error of the loader or of the system
 */
export async function loadClients(): Promise<void> {
  createSecureContext();
  const { Client } = await import('undici');
  // undici loads the rest with its first answer, so the process sends itself a request.
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
