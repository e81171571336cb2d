import { createServer, type ServerResponse } from 'node:http';

import { Arrivals } from '../../stand-ins/arrivals.ts';
import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { keep } from './keep.ts';

/** A web server that takes every request and never ends an answer. The test may begin answers. */
export async function stallingServer(
  begin: (response: ServerResponse) => void = () => undefined,
): Promise<{ url: string; requests: Arrivals<string | undefined> }> {
  const requests = new Arrivals<string | undefined>();
  const http = createServer((request, response) => {
    begin(response);
    requests.push(request.url);
  });
  const { port } = keep(await LoopbackServer.listen(http));
  return { url: `http://127.0.0.1:${port}`, requests };
}
