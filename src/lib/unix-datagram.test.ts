import { expect, test } from 'vitest';

import { notifySocket } from '../../test/support/notify-socket.ts';
import { unixDatagrams } from './unix-datagram.ts';

test.each([undefined, `@mostro-push-test-${process.pid}`])(
  'a datagram reaches the socket %s',
  async (name) => {
    const { path, lines } = await notifySocket(name);
    const send = await unixDatagrams();
    expect(send?.(path, 'READY=1\nSTATUS=ä')).toBe(true);
    expect(lines()).toEqual(['READY=1', 'STATUS=ä']);
  },
);

test('a datagram for a socket that is not there, or whose name no socket can have, is not taken', async () => {
  const send = await unixDatagrams();
  const paths = ['/nowhere/notify', '@mostro-push-nowhere', '', `/${'x'.repeat(200)}`];
  expect(paths.filter((path) => send?.(path, 'READY=1') !== false)).toEqual([]);
});

test('a datagram for a socket whose owner does not read is not waited for', async () => {
  const { path } = await notifySocket(undefined, false);
  const send = await unixDatagrams();
  const taken = Array.from({ length: 1000 }, () => send?.(path, 'READY=1'));
  expect(taken).toContain(false);
});
