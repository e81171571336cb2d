import { describe, expect, test } from 'vitest';

import { Daemon } from '../stand-ins/daemon.ts';
import { GoogleStandIn } from '../stand-ins/google-stand-in.ts';
import { Phone } from '../stand-ins/phone.ts';
import { RelayStandIn } from '../stand-ins/relay-stand-in.ts';
import { keep } from './support/keep.ts';
import { startTestServer } from './support/test-server.ts';

describe('an event on a relay wakes the right device', () => {
  test('a gift wrap back-dated 47 hours becomes one FCM request over HTTP/2 with exactly the silent body', async () => {
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const server = keep(await startTestServer({ relays: [relay], google }));
    const phone = new Phone({ name: 'alice', serverUrl: server.apiUrl, kind: 'android' });
    expect(await phone.register()).toMatchObject({ status: 200 });
    const daemon = keep(new Daemon());

    await daemon.publish(relay.url, daemon.giftWrap(phone.tradePubkey, { backdatedHours: 47 }));
    const [push] = await google.pushes.atLeast(1);

    expect(push?.httpVersion).toBe('2.0');
    const { timestamp } = (push!.body as { message: { data: { timestamp: string } } }).message.data;
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(10);
    expect(push?.body).toEqual({
      message: {
        token: phone.token,
        data: { type: 'silent_wake', source: 'mostro-push-server', timestamp },
        android: { priority: 'HIGH', ttl: '86400s' },
        apns: {
          headers: { 'apns-push-type': 'background', 'apns-priority': '5' },
          payload: { aps: { 'content-available': 1 } },
        },
      },
    });
    expect(google.pushes.count).toBe(1);
  });
});
