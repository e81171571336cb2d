import type { AddressInfo } from 'node:net';

import type { FastifyInstance } from 'fastify';

/** A listener that could not be opened, in a sentence. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Opens a listener. @returns its address as a URL, with the port that port 0 came out as */
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
