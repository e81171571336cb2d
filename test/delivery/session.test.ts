import { expect, test } from 'vitest';

import { TcpProxy } from '../../stand-ins/tcp-proxy.ts';
import { eventsFor, registerDevices } from '../support/devices.ts';
import { keep } from '../support/keep.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { startTestServer } from '../support/test-server.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

const DEVICES = 500;

interface Line {
  readonly google: GoogleStandIn;
  readonly proxy: TcpProxy;
}

/*
 * At the break at most a hundred pushes were under way. FCM may have taken them although the server got no answer: they are
 * sent again, and can arrive twice. After a GOAWAY the open streams are answered, so nothing arrives twice. The stand-in waits before
 * each answer, so that a hundred pushes are under way at the break.
 */
test.skipIf(BEATS).each<[string, (line: Line) => void, number]>([
  ['says GOAWAY and answers what it has got', ({ google }) => google.goaway(), 0],
  ['resets the connection', ({ proxy }) => proxy.reset(), 100],
  ['falls silent, and is found out by PING', ({ proxy }) => proxy.freeze(), 100],
])('500 devices are woken though FCM %s', async (_name, disturb, mostDuplicates) => {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false, latencyMs: 50 }));
  const proxy = keep(await TcpProxy.start(Number(new URL(google.baseUrl).port)));
  const environment = { FCM_BASE_URL: `http://127.0.0.1:${proxy.port}` };
  const server = keep(await startTestServer({ relays: [relay], google, environment }));
  const devices = await registerDevices(server, DEVICES);
  const events = eventsFor(devices);

  const begun = performance.now();
  for (const event of events) relay.broadcast(event);
  await google.pushes.atLeast(150);
  disturb({ google, proxy });
  const seen = new Set(google.pushes.all.map(({ token }) => token));
  while (seen.size < DEVICES) {
    await google.pushes.next(() => true);
    for (const push of google.pushes.all) seen.add(push.token);
  }
  const duplicates = google.pushes.count - DEVICES;
  console.info(
    `FCM ${_name}: ${DEVICES} devices woken in ${Math.round(performance.now() - begun)} ms, ${duplicates} of them twice, ${google.sessions} sessions`,
  );
  expect(duplicates).toBeLessThanOrEqual(mostDuplicates);
  expect(google.sessions).toBe(2);
});
