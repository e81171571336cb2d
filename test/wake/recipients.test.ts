import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { eventFor } from '../support/wire-events.ts';
import { setScene } from '../support/scene.ts';
import { BEATS_ARE_PUSHES, COVERS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);
const COVERS = isLeftOut(COVERS_ARE_PUSHES);

const stranger = (): string => getPublicKey(generateSecretKey());

test('every p tag counts: a key that stands third is woken', async () => {
  const { relay, phone, woken } = await setScene();
  const alice = await phone();
  relay.broadcast(eventFor([stranger(), stranger(), alice.tradePubkey]));
  expect(await woken()).toEqual([alice.token]);
});

test('a p tag with a relay hint after the key counts, and so does one behind other tags', async () => {
  const { relay, phone, woken } = await setScene();
  const [alice, bob] = [await phone(), await phone()];
  relay.broadcast(eventFor([], { tags: [['p', alice.tradePubkey, 'wss://relay.example', 'alice']] }));
  relay.broadcast(
    eventFor([], {
      tags: [
        ['alt', 'p'],
        ['e', stranger()],
        ['p', bob.tradePubkey],
      ],
    }),
  );
  expect(await woken()).toEqual([alice.token, bob.token]);
});

test.skipIf(BEATS)(
  'only p tags count: a registered key in another tag or in the content wakes no device',
  async () => {
    const { relay, phone, woken } = await setScene();
    const alice = await phone();
    const content = JSON.stringify([['p', alice.tradePubkey]]);
    relay.broadcast(
      eventFor([stranger()], {
        tags: [
          ['e', alice.tradePubkey],
          ['P', alice.tradePubkey],
        ],
        content,
      }),
    );
    relay.broadcast(eventFor([], { tags: [['x', 'p', alice.tradePubkey]] }));
    expect(await woken()).toEqual([]);
  },
);

test.skipIf(COVERS)('a key registered in upper case is woken by the lower-case p tag', async () => {
  const { relay, server, google, woken } = await setScene();
  const key = stranger();
  const body = { trade_pubkey: key.toUpperCase(), token: 'token-of-alice', platform: 'android' };
  expect(await server.post('/api/register', body)).toMatchObject({ status: 200 });
  relay.broadcast(eventFor([key]));
  await google.pushes.atLeast(1);
  expect(await woken()).toEqual(['token-of-alice']);
});

test('one event for two keys of the same device is one push', async () => {
  const { relay, phone, woken } = await setScene();
  const buying = await phone();
  const selling = await phone({ token: buying.token });
  relay.broadcast(eventFor([buying.tradePubkey, selling.tradePubkey]));
  expect(await woken()).toEqual([buying.token]);
});

test('one event for two devices is a push for each', async () => {
  const { relay, phone, woken } = await setScene();
  const [alice, bob] = [await phone(), await phone()];
  relay.broadcast(eventFor([alice.tradePubkey, bob.tradePubkey]));
  expect((await woken()).toSorted()).toEqual([alice.token, bob.token].toSorted());
});

test('a key that is registered again wakes its new token alone', async () => {
  const { relay, server, phone, woken } = await setScene();
  const alice = await phone();
  const body = { trade_pubkey: alice.tradePubkey, token: 'the-new-token', platform: 'ios' };
  expect(await server.post('/api/register', body)).toMatchObject({ status: 200 });
  relay.broadcast(eventFor([alice.tradePubkey]));
  expect(await woken()).toEqual(['the-new-token']);
});

test.skipIf(BEATS)(
  'a key that is unregistered wakes no device, while another key of the same device still wakes it',
  async () => {
    const { relay, phone, woken } = await setScene();
    const buying = await phone();
    const selling = await phone({ token: buying.token });
    expect(await buying.unregister()).toMatchObject({ status: 200 });
    relay.broadcast(eventFor([buying.tradePubkey]));
    expect(await woken()).toEqual([]);
    relay.broadcast(eventFor([selling.tradePubkey]));
    expect(await woken()).toEqual([buying.token]);
  },
);
