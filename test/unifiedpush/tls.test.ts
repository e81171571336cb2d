import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { keep } from '../support/keep.ts';
import { readMetric } from '../support/metrics-page.ts';
import { serve } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

const WAKES = 30;
const pushes = (outcome: string): string =>
  `mostro_push_pushes_total{provider="unifiedpush",outcome="${outcome}"}`;

test('over TLS, wakes one after another are all delivered over the same open connections', async () => {
  const relay = keep(await RelayStandIn.start());
  const push = keep(await UnifiedPushStandIn.start({ tls: true }));
  // The longest answer that is allowed. All of them together are far longer than that.
  push.answer = () => ({ status: 201, headers: { 'x-long': 'x'.repeat(8000) }, body: 'y'.repeat(4000) });
  const certificate = join(await tempDirectory(), 'ca.pem');
  await writeFile(certificate, push.caCertificate ?? '');
  const { apiUrl, adminUrl } = await serve({
    NOSTR_RELAYS: relay.url,
    UNIFIEDPUSH_ALLOW_PRIVATE_ENDPOINTS: 'true',
    NODE_EXTRA_CA_CERTS: certificate,
    BATCH_DELAY_MS: '0',
    COOLDOWN_MS: '0',
  });
  await Promise.all([relay.subscribed(1059), relay.subscribed(14)]);
  const subscription = new WebPushSubscription(push.endpoint('Alice'));
  const { tradePubkey } = await registeredPhone({
    name: 'alice',
    kind: 'android',
    serverUrl: apiUrl,
    subscription,
  });
  for (let n = 1; n <= WAKES; n++) {
    relay.broadcast(eventFor([tradePubkey]));
    const [message] = (await push.pushes.atLeast(n)).slice(-1);
    expect(subscription.decrypt(message?.body ?? Buffer.alloc(0))).toContain('"silent_wake"');
  }
  const page = await (await fetch(`${adminUrl}/metrics`)).text();
  expect([readMetric(page, pushes('retry')), readMetric(page, pushes('refused'))]).toEqual([0, 0]);
  // A wake may begin while the answer to the one before is still being read.
  expect(push.connectionCount).toBeLessThanOrEqual(16);
});
