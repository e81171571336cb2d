import { describe, expect, test, vi } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { keep } from '../support/keep.ts';
import { HAS_OUTGOING_PROXIES, startMicrosocks, startTinyproxy } from '../support/outgoing-proxy.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { registeredPhone, setScene, untilMetric } from '../support/scene.ts';
import type { TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const FAST = { RETRY_MIN_MS: '50', RETRY_BASE_MS: '50' };
const DOWN = 'mostro_push_alarm{alarm="outgoing proxy down"}';

/** The reasons with which the alarm was raised. */
function reasons(server: TestServer): unknown[] {
  return server.log.all
    .filter(({ alarm, reason }) => alarm === 'outgoing proxy down' && reason !== undefined)
    .map(({ reason }) => reason);
}

describe.skipIf(!HAS_OUTGOING_PROXIES)('through a real proxy (.ci/install-proxies unpacks it)', () => {
  test('tinyproxy carries relays, OAuth, FCM over HTTP/2 and push servers, over TLS, for a server that trusts their certificates', async () => {
    const proxy = await startTinyproxy({ credentials: 'operator:s3cret' });
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start());
    const program = await serve({
      ...(await googleEnvironment(google)),
      NOSTR_RELAYS: relay.url,
      https_proxy: `http://operator:s3cret@127.0.0.1:${proxy.port}`,
    });
    await relay.subscribed(14);
    const phone = await registeredPhone({ name: 'alice', kind: 'android', serverUrl: program.apiUrl });
    relay.broadcast(eventFor([phone.tradePubkey]));
    expect((await google.pushes.atLeast(1))[0]?.token).toBe(phone.token);
    for (const url of [relay.url, google.baseUrl])
      expect(proxy.program.said).toContain(`CONNECT 127.0.0.1:${new URL(url).port} `);
    expect(program.program.output()).toContain(`through http://127.0.0.1:${proxy.port}`);
    expect(program.program.output()).not.toContain('s3cret');
  });

  test('tinyproxy that dies takes no wake with it: an alarm says so, and ends when it is back', async () => {
    const proxy = await startTinyproxy();
    const push = keep(await UnifiedPushStandIn.start());
    const scene = await setScene({
      environment: { ...FAST, HTTPS_PROXY: `127.0.0.1:${proxy.port}` },
    });
    const { google, phone, relay, server } = scene;
    const [alice, bob] = [
      await phone(),
      await phone({ subscription: new WebPushSubscription(push.endpoint('Bob')) }),
    ];
    relay.broadcast(eventFor([alice.tradePubkey, bob.tradePubkey]));
    await Promise.all([google.pushes.atLeast(1), push.pushes.atLeast(1)]);
    await proxy.program.kill();
    // The relay has this event while the server is cut off from it.
    const carol = await phone({ name: 'carol' });
    relay.store(eventFor([carol.tradePubkey]));
    await untilMetric(server, DOWN, 1);
    await vi.waitFor(() => expect(reasons(server)).toContain('PROXY_ECONNREFUSED'), { timeout: PATIENCE_MS });
    await startTinyproxy({ port: proxy.port });
    await untilMetric(server, DOWN, 0);
    await google.pushes.atLeast(1, { where: ({ token }) => token === carol.token });
  });

  test('tinyproxy that is frozen is an alarm though only one host is asked for, and no wake is lost', async () => {
    const proxy = await startTinyproxy();
    const relay = keep(await RelayStandIn.start());
    const { google, phone, server } = await setScene({
      relays: [relay],
      proxyTimeouts: { tunnelMs: 500, answerMs: 500 },
      environment: {
        ...FAST,
        HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
        NO_PROXY: `127.0.0.1:${relay.port}`,
      },
    });
    const alice = await phone();
    proxy.program.freeze();
    // Google is not reached: the first thing to be asked for is the token of OAuth, and nothing follows without it.
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, DOWN, 1);
    await vi.waitFor(() => expect(reasons(server)).toEqual(['PROXY_TIMEOUT']), { timeout: PATIENCE_MS });
    expect(google.pushes.count).toBe(0);
    proxy.program.thaw();
    expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
    await untilMetric(server, DOWN, 0);
  });

  test('tinyproxy that refuses the password (407) is an alarm, and one that forbids a port (403) is none; no wake is lost', async () => {
    const relay = keep(await RelayStandIn.start());
    const refusing = await startTinyproxy({ credentials: 'operator:another' });
    const { google, phone, server } = await setScene({
      relays: [relay],
      environment: {
        ...FAST,
        HTTPS_PROXY: `http://127.0.0.1:${refusing.port}`,
        NO_PROXY: `127.0.0.1:${relay.port}`,
      },
    });
    const alice = await phone();
    relay.broadcast(eventFor([alice.tradePubkey]));
    await untilMetric(server, DOWN, 1);
    await vi.waitFor(() => expect(reasons(server)).toEqual(['PROXY_407']), { timeout: PATIENCE_MS });
    await refusing.program.kill();
    const forbidding = await startTinyproxy({ port: refusing.port, onlyPort: 9 });
    await untilMetric(server, DOWN, 0);
    expect(google.pushes.count).toBe(0);
    await forbidding.program.kill();
    await startTinyproxy({ port: refusing.port });
    expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  });

  test('microsocks, a SOCKS5 proxy with a password, carries everything, and resolves the names', async () => {
    const port = await startMicrosocks('operator', 's3cret');
    const { google, phone, relay } = await setScene({
      environment: { ...FAST, HTTPS_PROXY: `socks5h://operator:s3cret@127.0.0.1:${port}` },
    });
    const alice = await phone();
    relay.broadcast(eventFor([alice.tradePubkey]));
    expect((await google.pushes.atLeast(1))[0]?.token).toBe(alice.token);
  });
});
