import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import { unixDatagrams, type SendDatagram } from '../lib/unix-datagram.ts';
import { ServiceManager } from './service-manager.ts';

vi.mock(import('../lib/unix-datagram.ts'), () => ({ unixDatagrams: vi.fn<typeof unixDatagrams>() }));

function sender(isTaken: () => boolean): { messages: string[]; send: SendDatagram } {
  const messages: string[] = [];
  const send = (_: string, text: string): boolean => {
    if (isTaken()) messages.push(text);
    return isTaken();
  };
  return { messages, send };
}

const PID = 7;

test('a service manager that waits for another process gets no sign of life from this one', async () => {
  const { messages, send } = sender(() => true);
  vi.mocked(unixDatagrams).mockResolvedValue(send);
  for (const [watched, expected] of [
    ['8', ['READY=1', 'STATUS=ready']],
    ['7', ['READY=1', 'WATCHDOG=1\nSTATUS=ready']],
    [undefined, ['READY=1', 'WATCHDOG=1\nSTATUS=ready']],
  ] as const) {
    messages.length = 0;
    const environment = { NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '30000000', WATCHDOG_PID: watched };
    using manager = await ServiceManager.find({ environment, pid: PID }, () => 'ready');
    manager.ready();
    expect(messages).toEqual(expected);
  }
});

test('a service manager that takes no message gets it with the next one', async () => {
  let isTaken = false;
  const { messages, send } = sender(() => isTaken);
  vi.mocked(unixDatagrams).mockResolvedValue(send);
  using manager = await ServiceManager.find(
    { environment: { NOTIFY_SOCKET: '/x' }, pid: PID },
    () => 'ready',
  );
  manager.ready();
  isTaken = true;
  manager.stopping(1000);
  expect(messages).toEqual([
    'READY=1\nSTATUS=ready\nSTOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=1000000',
  ]);
});

test('a service manager is told by the command systemd-notify where no datagram can be sent', async () => {
  vi.mocked(unixDatagrams).mockResolvedValue(undefined);
  const directory = await tempDirectory();
  const said = join(directory, 'said');
  const command = join(directory, 'systemd-notify');
  await writeFile(command, `#!/bin/sh\nprintf '%s\\n' "$NOTIFY_SOCKET" "$@" > ${said}\n`);
  await chmod(command, 0o755);
  const environment = { NOTIFY_SOCKET: '/run/the-socket', PATH: `${directory}:/usr/bin:/bin` };
  using manager = await ServiceManager.find({ environment, pid: PID }, () => 'ready');
  manager.stopping(1000);
  await expect
    .poll(() => readFile(said, 'utf8').catch(() => ''))
    .toBe('/run/the-socket\nSTOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=1000000\n');
});

test('without a service manager nothing is said', async () => {
  const { messages, send } = sender(() => true);
  vi.mocked(unixDatagrams).mockResolvedValue(send);
  using manager = await ServiceManager.find({ environment: { NOTIFY_SOCKET: '' }, pid: PID }, () => 'ready');
  manager.ready();
  manager.stopping(1000);
  expect(messages).toEqual([]);
});
