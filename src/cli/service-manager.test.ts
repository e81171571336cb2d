import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { tempDirectory } from '../../test/support/temp-directory.ts';
import type { SendDatagram } from '../lib/unix-datagram.ts';
import { ServiceManager } from './service-manager.ts';

function sender(isTaken: () => boolean): { messages: string[]; datagrams: () => Promise<SendDatagram> } {
  const messages: string[] = [];
  const send = (_: string, text: string): boolean => {
    if (isTaken()) messages.push(text);
    return isTaken();
  };
  return { messages, datagrams: () => Promise.resolve(send) };
}

const PID = 7;

const noDatagrams = (): Promise<undefined> => Promise.resolve(undefined);

test('a service manager that waits for another process gets no sign of life from this one', async () => {
  const { messages, datagrams } = sender(() => true);
  for (const [watched, expected] of [
    ['8', ['READY=1', 'STATUS=ready']],
    ['7', ['READY=1', 'WATCHDOG=1\nSTATUS=ready']],
    [undefined, ['READY=1', 'WATCHDOG=1\nSTATUS=ready']],
  ] as const) {
    messages.length = 0;
    const environment = { NOTIFY_SOCKET: '/x', WATCHDOG_USEC: '30000000', WATCHDOG_PID: watched };
    using manager = await ServiceManager.find({ environment, pid: PID }, () => 'ready', { datagrams });
    manager.ready();
    expect(messages).toEqual(expected);
  }
});

test('a service manager that takes no message gets it with the next one', async () => {
  let isTaken = false;
  const { messages, datagrams } = sender(() => isTaken);
  using manager = await ServiceManager.find(
    { environment: { NOTIFY_SOCKET: '/x' }, pid: PID },
    () => 'ready',
    { datagrams },
  );
  manager.ready();
  isTaken = true;
  manager.stopping(1000);
  expect(messages).toEqual([
    'READY=1\nSTATUS=ready\nSTOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=1000000',
  ]);
});

test('a service manager is told by the command systemd-notify where no datagram can be sent', async () => {
  const directory = await tempDirectory();
  const said = join(directory, 'said');
  const command = join(directory, 'systemd-notify');
  await writeFile(command, `#!/bin/sh\nprintf '%s\\n' "$NOTIFY_SOCKET" "$@" > ${said}\n`);
  await chmod(command, 0o755);
  const environment = { NOTIFY_SOCKET: '/run/the-socket', PATH: `${directory}:/usr/bin:/bin` };
  using manager = await ServiceManager.find({ environment, pid: PID }, () => 'ready', {
    datagrams: noDatagrams,
  });
  manager.stopping(1000);
  await expect
    .poll(() => readFile(said, 'utf8').catch(() => ''))
    .toBe('/run/the-socket\nSTOPPING=1\nSTATUS=stopping\nEXTEND_TIMEOUT_USEC=1000000\n');
});

test('without a service manager nothing is said', async () => {
  const { messages, datagrams } = sender(() => true);
  using manager = await ServiceManager.find({ environment: { NOTIFY_SOCKET: '' }, pid: PID }, () => 'ready', {
    datagrams,
  });
  manager.ready();
  manager.stopping(1000);
  expect(messages).toEqual([]);
});
