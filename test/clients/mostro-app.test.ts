import { expect, test } from 'vitest';

import { MostroApp } from '../../stand-ins/mostro-app.ts';
import { countsOf, freshKey } from '../support/api-server.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const PLATFORMS = ['android', 'ios', 'web'] as const;

test.each([
  [{}, 'silent_wake', 'system'],
  [{ FCM_DATA_TYPE: 'tradeUpdate' }, 'tradeUpdate', 'tradeUpdate'],
])(
  'the new Mostro app registers on each system that it knows, is woken, and unregisters; with %j the push is a %s, which it shows as %s',
  async (environment, type, entry) => {
    const { google, relay, server, woken } = await setScene({ environment });
    const apps = PLATFORMS.map((platform) => {
      const token = `${platform}:APA91b`;
      return {
        key: freshKey(),
        token,
        app: new MostroApp({ serverUrl: server.apiUrl, token, platform }),
      };
    });
    for (const { app, key } of apps) expect(await app.register(key)).toBe(true);
    expect(await countsOf(server)).toBe('{"total":3,"android":1,"ios":1,"web":1,"webpush":0}');
    relay.broadcast(eventFor(apps.map(({ key }) => key)));
    const pushes = await google.pushes.atLeast(3);
    expect(pushes.map(({ token }) => token).toSorted()).toEqual(apps.map(({ token }) => token));
    for (const { body } of pushes) expect(body).toMatchObject({ message: { data: { type } } });
    expect(MostroApp.entryFor(type)).toBe(entry);

    for (const { app, key } of apps) expect(await app.unregister(key)).toBe(true);
    expect(await countsOf(server)).toBe('{"total":0,"android":0,"ios":0,"webpush":0}');
    google.pushes.clear();
    relay.broadcast(eventFor(apps.map(({ key }) => key)));
    expect(await woken()).toEqual([]);
  },
);

test('the new Mostro app fails to register on a system that it does not know, and where only trusted instances may, because it names none', async () => {
  const open = await setScene();
  const unknown = { serverUrl: open.server.apiUrl, token: 'token', platform: 'unknown' } as const;
  expect(await new MostroApp(unknown).register(freshKey())).toBe(false);
  const { server } = await setScene({
    environment: { TRUSTED_WHITELIST_ENABLED: 'true', MOSTRO_PUBKEYS: freshKey() },
  });
  const web = new MostroApp({ serverUrl: server.apiUrl, token: 'token', platform: 'web' });
  expect(await web.register(freshKey())).toBe(false);
  expect(await countsOf(server)).toContain('"total":0');
});
