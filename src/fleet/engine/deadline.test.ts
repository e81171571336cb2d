import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';

import { expect, onTestFinished, test } from 'vitest';

import { deadline } from './deadline.ts';

test('a deadline of a process that stood still comes after what had arrived by then', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [typeof near];
  await once(near, 'connect');
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  const happened: string[] = [];
  near.on('data', () => happened.push('data'));
  const passed = new Promise<void>((resolve) => {
    setImmediate(() => {
      far.write('answer');
      deadline(1, () => {
        happened.push('deadline');
        resolve();
      });
      const until = performance.now() + 20;
      while (performance.now() < until);
    });
  });
  await passed;
  expect(happened).toEqual(['data', 'deadline']);
});

test('a deadline that is cancelled does not come, not even once it is due', async () => {
  let hasCome = false;
  const cancel = deadline(0, () => (hasCome = true));
  setTimeout(cancel, 0);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(hasCome).toBe(false);
});
