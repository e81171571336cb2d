import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { countsOf } from '../support/api-server.ts';
import type { HttpAnswer } from '../support/http.ts';
import { setScene } from '../support/scene.ts';
import {
  CLOCK,
  KEY,
  NOT_FOUND,
  REFUSED,
  REGISTERED,
  SECRET,
  UNREGISTERED,
  register,
  serverWith,
  unregister,
} from '../support/signed-requests.ts';
import { eventFor } from '../support/wire-events.ts';

/** Everything that a client sees, apart from the date. */
const bytes = ({ status, headers, text }: HttpAnswer): object => {
  const { date: _, ...rest } = headers;
  return { status, headers: rest, text };
};

test('a registration that its key has signed is not replaced by an unsigned one, which gets byte for byte the answer of an unknown key', async () => {
  const { relay, server, woken } = await setScene({ clock: CLOCK.read });
  expect((await register(server, { signedBy: SECRET })).text).toBe(REGISTERED);
  const unknown = await register(server, { key: getPublicKey(generateSecretKey()), token: 'other' });
  const owned = await register(server, { token: 'thief' });
  expect(bytes(owned)).toEqual(bytes(unknown));
  relay.broadcast(eventFor([KEY]));
  expect(await woken()).toEqual(['mine']);
});

test('a registration that its key has signed is not removed by an unsigned request, which gets byte for byte the answer of an unknown key', async () => {
  const { relay, server, woken } = await setScene({ clock: CLOCK.read });
  await register(server, { signedBy: SECRET });
  const unknown = await unregister(server, { key: getPublicKey(generateSecretKey()) });
  expect(bytes(await unregister(server))).toEqual(bytes(unknown));
  expect(unknown.text).toBe(NOT_FOUND);
  relay.broadcast(eventFor([KEY]));
  expect(await woken()).toEqual(['mine']);
});

test('a registration that its key has signed is replaced and removed by signed requests of that key', async () => {
  const { relay, server, woken } = await setScene({ clock: CLOCK.read });
  await register(server, { signedBy: SECRET });
  expect((await register(server, { signedBy: SECRET, token: 'new-phone' })).text).toBe(REGISTERED);
  relay.broadcast(eventFor([KEY]));
  expect(await woken()).toEqual(['new-phone']);
  expect((await unregister(server, { signedBy: SECRET })).text).toBe(UNREGISTERED);
  expect(await countsOf(server)).toContain('"total":1');
});

test('a registration that its key has signed takes over an unsigned one', async () => {
  const server = await serverWith();
  await register(server, { token: 'thief' });
  expect((await register(server, { signedBy: SECRET })).text).toBe(REGISTERED);
  expect((await unregister(server)).text).toBe(NOT_FOUND);
  expect(await countsOf(server)).toContain('"total":1');
});

test('a registration that its key has signed may write the key in upper case', async () => {
  const server = await serverWith();
  expect((await register(server, { key: KEY.toUpperCase(), signedBy: SECRET })).status).toBe(200);
  expect((await unregister(server)).text).toBe(NOT_FOUND);
});

test('a registration with credentials of a scheme other than Nostr counts as unsigned', async () => {
  const server = await serverWith();
  for (const authorization of ['Basic eDp5', 'Bearer x', 'Nostrum x', ''])
    expect((await register(server, { authorization })).text).toBe(REGISTERED);
  expect((await unregister(server)).text).toBe(UNREGISTERED);
});

test('a registration that its key has signed is like an unsigned one if signatures are off', async () => {
  const server = await serverWith({ REGISTRATION_AUTH: 'off' });
  expect((await register(server, { signedBy: SECRET })).text).toBe(REGISTERED);
  expect((await register(server, { authorization: 'Nostr rubbish' })).text).toBe(REGISTERED);
  expect((await unregister(server)).text).toBe(UNREGISTERED);
});

test('a registration is taken only if its key has signed it, if signatures are required', async () => {
  const server = await serverWith({ REGISTRATION_AUTH: 'required' });
  expect(await register(server)).toMatchObject(REFUSED);
  expect(await register(server, { authorization: 'Bearer x' })).toMatchObject(REFUSED);
  expect(await unregister(server)).toMatchObject(REFUSED);
  expect((await register(server, { signedBy: SECRET })).text).toBe(REGISTERED);
  expect(await unregister(server)).toMatchObject(REFUSED);
  expect((await unregister(server, { signedBy: SECRET })).text).toBe(UNREGISTERED);
});
