import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';

import { expect, onTestFinished, test } from 'vitest';

import { deadline } from './deadline.ts';

/** Longer than a standstill counts, in milliseconds. */
const LIMIT_MS = 150;

/** The two ends of a connection, and what has happened: data at the near end, and what the test notes. */
async function pair(): Promise<{ readonly far: Socket; readonly happened: string[] }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  await once(near, 'connect');
  onTestFinished(() => {
    far.destroy();
    near.destroy();
    server.close();
  });
  const happened: string[] = [];
  near.on('data', () => happened.push('data'));
  return { far, happened };
}

function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('a deadline of a process that stood still comes after what had arrived by then', async () => {
  const { far, happened } = await pair();
  await turn();
  await new Promise<void>((resolve) => {
    far.write('answer');
    deadline(1, () => {
      happened.push('deadline');
      resolve();
    });
    standStill(20);
  });
  expect(happened).toEqual(['data', 'deadline']);
});

test('a process that stood still for longer than the whole limit gives the other side time to answer', async () => {
  const { far, happened } = await pair();
  const passed = new Promise<void>((resolve) => {
    deadline(LIMIT_MS, () => {
      happened.push('deadline');
      resolve();
    });
  });
  // It stood still before its question had left, so the answer comes some turns later.
  standStill(2 * LIMIT_MS);
  for (let turns = 0; turns < 3; turns++) await turn();
  far.write('answer');
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
