import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import { MostroMobile } from '../../stand-ins/mostro-mobile.ts';
import { countsOf, freshKey } from '../support/api-server.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const DAEMON = freshKey();

test('Mostro Mobile is woken for its trade and its chat, before and after its token changes, and no longer once push is off', async () => {
  const { relay, google, server, woken } = await setScene();
  const [maker, taker] = [freshKey(), freshKey()];
  const alice = new MostroMobile({ serverUrl: server.apiUrl, fcmToken: 'alice-1', mostroPubkey: DAEMON });
  const bob = new MostroMobile({ serverUrl: server.apiUrl, fcmToken: 'bob-1', platform: 'ios' });
  expect([await alice.initialize(), await bob.initialize()]).toEqual([true, true]);
  expect([await alice.registerToken(maker), await bob.registerToken(taker)]).toEqual([true, true]);

  relay.broadcast(eventFor([maker]));
  expect(await woken()).toEqual(['alice-1']);
  expect(await alice.notifyPeer(taker)).toBe(202);
  const [chat] = await google.pushes.atLeast(1, { where: ({ token }) => token === 'bob-1' });
  expect(chat?.raw).toContain('"type":"chat_wake"');

  expect(await alice.refreshToken('alice-2')).toEqual([true]);
  relay.broadcast(eventFor([maker]));
  expect((await woken()).at(-1)).toBe('alice-2');
  expect(await bob.notifyPeer(maker)).toBe(202);
  await google.pushes.atLeast(2, { where: ({ token }) => token === 'alice-2' });

  expect(await alice.unregisterAll()).toEqual([true]);
  google.pushes.clear();
  relay.broadcast(eventFor([maker]));
  expect(await bob.notifyPeer(maker)).toBe(202);
  expect(await woken()).toEqual([]);
});

test('Mostro Mobile registers where only trusted instances may, as long as its node is one of them', async () => {
  const { server } = await setScene({
    environment: { TRUSTED_WHITELIST_ENABLED: 'true', MOSTRO_PUBKEYS: DAEMON },
  });
  const registers = async (mostroPubkey?: string): Promise<boolean> => {
    const parts = {
      serverUrl: server.apiUrl,
      fcmToken: 'token',
      ...(mostroPubkey !== undefined && { mostroPubkey }),
    };
    const app = new MostroMobile(parts);
    await app.initialize();
    return app.registerToken(freshKey());
  };
  expect([await registers(DAEMON), await registers(freshKey()), await registers()]).toEqual([
    true,
    false,
    false,
  ]);
  expect(await countsOf(server)).toContain('"total":1');
});

test('Mostro Mobile that knows protocol v2 only is woken by the node of its trade, also after a token refresh that named another node', async () => {
  const [daemon, other] = [keep(new Daemon()), keep(new Daemon())];
  const { relay, server, woken } = await setScene({
    environment: { MOSTRO_PUBKEYS: `${daemon.pubkey},${other.pubkey}` },
  });
  const parts = { serverUrl: server.apiUrl, fcmToken: 'before', mostroPubkey: daemon.pubkey };
  const app = new MostroMobile(parts);
  const trade = freshKey();
  expect([await app.initialize(), await app.registerToken(trade)]).toEqual([true, true]);
  await daemon.publish(relay.url, daemon.message(trade));
  expect(await woken()).toEqual(['before']);
  app.selectNode(other.pubkey);
  expect(await app.refreshToken('after')).toEqual([true]);
  await daemon.publish(relay.url, daemon.message(trade));
  expect(await woken()).toEqual(['before', 'after']);
});
