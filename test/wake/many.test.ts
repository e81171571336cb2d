import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { eventFor } from '../support/wire-events.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import type { TestServer } from '../support/test-server.ts';

const DEVICES = 2000;

async function registerDevices(server: TestServer): Promise<{ key: string; token: string }[]> {
  const devices = Array.from({ length: DEVICES }, (_, n) => ({
    key: getPublicKey(generateSecretKey()),
    token: `token-of-device-${n}`,
  }));
  for (let from = 0; from < DEVICES; from += 50) {
    const answers = await Promise.all(
      devices
        .slice(from, from + 50)
        .map(({ key, token }) =>
          server.post('/api/register', { trade_pubkey: key, token, platform: 'android' }),
        ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  }
  return devices;
}

test('2 000 events for 2 000 devices are 2 000 pushes, one for each, while FCM takes 50 ms over every one', async () => {
  const { relay, google, server } = await setScene({ latencyMs: 50 });
  const devices = await registerDevices(server);
  const secretKey = generateSecretKey();
  const events = devices.map(({ key }, n) => eventFor([key], { secretKey, kind: n % 2 === 0 ? 1059 : 14 }));

  const begun = performance.now();
  for (const event of events) relay.broadcast(event);
  await google.pushes.atLeast(DEVICES);
  console.info(`2 000 devices woken in ${Math.round(performance.now() - begun)} ms`);

  const woken = google.pushes.all.map(({ token }) => token);
  expect(woken.toSorted()).toEqual(devices.map(({ token }) => token).toSorted());
  expect(google.refusals.count).toBe(0);
  expect(google.sessions).toBe(1);
  expect(google.tokenRequests.count).toBe(1);
  await untilMetric(server, 'mostro_push_pushes_total{provider="fcm",outcome="delivered"}', DEVICES);
  expect(await server.metric('mostro_push_wakes_queued_total{provider="fcm"}')).toBe(DEVICES);
});
