import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';

/** A listener that could not be opened. The message tells the operator what to do. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Opens a listener. @returns its URL. For port 0 the URL has the port that the system chose */
export async function listen(
  server: FastifyInstance,
  { host, port, variables }: { host: string; port: number; variables: { host: string; port: string } },
): Promise<string> {
  try {
    await server.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ListenError(
      code === 'EADDRINUSE'
        ? `port ${port} is taken; set ${variables.port} to a free one`
        : `cannot listen on ${host}:${port} (${code}); check ${variables.host} and ${variables.port}`,
    );
  }
  const address = server.server.address() as AddressInfo;
  return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
