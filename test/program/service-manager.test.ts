import { expect, test } from 'vitest';

import { notifySocket } from '../support/notify-socket.ts';
import { ALONE, run, serve } from '../support/program.ts';

const NOT_READY = 'STATUS=serving, but not ready: no relay is subscribed and past EOSE';

test('systemd is told when the server serves, its status, that its event loop lives, and its stop, and nothing by a start that fails', async () => {
  const { path, lines } = await notifySocket();
  const environment = { NOTIFY_SOCKET: path, WATCHDOG_USEC: '150000', SHUTDOWN_TIMEOUT_SECONDS: '2' };
  const { apiUrl, program } = await serve(environment);
  await expect.poll(() => lines().filter((line) => line === 'WATCHDOG=1').length).toBeGreaterThan(3);
  expect(lines().slice(0, 3)).toEqual(['READY=1', 'WATCHDOG=1', NOT_READY]);

  const other = await notifySocket();
  const second = await run([], { ...ALONE, NOTIFY_SOCKET: other.path, SERVER_PORT: new URL(apiUrl).port });
  expect(await second.exited).toBe(1);
  expect(other.lines().filter((line) => !line.startsWith('EXTEND_'))).toEqual([
    'STOPPING=1',
    'STATUS=stopping',
  ]);

  program.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  // Two seconds for wakes, three for the disk, and two for the log.
  expect(lines().slice(-3)).toEqual(['STOPPING=1', 'STATUS=stopping', 'EXTEND_TIMEOUT_USEC=7000000']);
  expect(lines().filter((line) => line.startsWith('STATUS='))).toEqual([NOT_READY, 'STATUS=stopping']);
});
