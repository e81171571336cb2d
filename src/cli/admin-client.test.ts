import { createServer } from 'node:http';

import { expect, test } from 'vitest';

import { LoopbackServer } from '../../stand-ins/loopback-server.ts';
import { keep } from '../../test/support/keep.ts';
import { askLocal } from './admin-client.ts';

test('a question to the server on this machine names this program and its version', async () => {
  const agents: unknown[] = [];
  const http = createServer((request, answer) => {
    agents.push(request.headers['user-agent']);
    answer.end('{}');
  });
  const { port } = keep(await LoopbackServer.listen(http));
  for (const body of [undefined, { trade_pubkey: 'a' }])
    await askLocal({ host: '127.0.0.1', port }, '/', { version: '1.2.3', ...(body && { body }) });
  expect(agents).toEqual(['mostro-push-server/1.2.3', 'mostro-push-server/1.2.3']);
});
