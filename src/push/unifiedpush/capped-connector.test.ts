import { createServer } from 'node:http';

import { Agent, request } from 'undici';
import { expect, test } from 'vitest';

import { LoopbackServer } from '../../../stand-ins/loopback-server.ts';
import { keep } from '../../../test/support/keep.ts';
import { cappedConnector } from './capped-connector.ts';

/** Posts to a server that answers with so many bytes, one request after the other. @returns over how many connections */
async function connectionsFor(answers: readonly number[]): Promise<number> {
  let connections = 0;
  const http = createServer((incoming, response) => {
    incoming
      .resume()
      .once('end', () => response.end('x'.repeat(answers[Number(incoming.url?.slice(1))] ?? 0)));
  }).on('connection', () => connections++);
  const { port } = keep(await LoopbackServer.listen(http));
  const agent = new Agent({ connect: cappedConnector({}), connections: 1 });
  keep({ [Symbol.asyncDispose]: () => agent.destroy() });
  for (const n of answers.keys()) {
    const { body } = await request(`http://127.0.0.1:${port}/${n}`, {
      dispatcher: agent,
      method: 'POST',
      body: 'x',
    });
    await body.text();
  }
  return connections;
}

test('any number of answers of a normal size are read over one connection', async () => {
  expect(await connectionsFor(Array.from({ length: 300 }, () => 1000))).toBe(1);
});

test('an answer that is too long closes its connection', async () => {
  await expect(connectionsFor([1000, 10_000_000])).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
});

test('a server that cannot be reached gives undici’s own error', async () => {
  const agent = new Agent({ connect: cappedConnector({}) });
  keep({ [Symbol.asyncDispose]: () => agent.destroy() });
  await expect(request('http://127.0.0.1:9/', { dispatcher: agent })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});
