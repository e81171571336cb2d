import type { CDPSession } from 'playwright-core';
import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { countsOf, freshKey } from '../support/api-server.ts';
import { hasBrowser, openBrowser } from '../support/browser.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { WebPushPage } from '../support/web-push-page.ts';
import { eventFor } from '../support/wire-events.ts';

/** Hands a message to a service worker's `push` event, as Chromium does after it has decrypted one from Google. */
async function deliver(session: CDPSession, url: string, data: string): Promise<void> {
  const registered = new Promise<string>((resolve) => {
    session.on('ServiceWorker.workerRegistrationUpdated', ({ registrations: [worker] }) => {
      if (worker !== undefined) resolve(worker.registrationId);
    });
  });
  await session.send('ServiceWorker.enable');
  const { origin } = new URL(url);
  await session.send('ServiceWorker.deliverPushMessage', { origin, registrationId: await registered, data });
}

test.skipIf(!hasBrowser)(
  'a page in Chromium (.ci/install-chromium) registers, and shows a notification for its wake, with the test in the place of Google',
  async () => {
    const { relay, server } = await setScene({ environment: { VAPID_SUBJECT: 'mailto:ops@push.example' } });
    const push = keep(await UnifiedPushStandIn.start());
    const subscription = new WebPushSubscription(push.endpoint('Chromium'));
    const site = keep(await WebPushPage.start());
    const context = await (await openBrowser()).newContext({ permissions: ['notifications'] });
    const page = await context.newPage();
    // Chromium itself subscribes at Google's service only.
    await page.addInitScript(
      `PushManager.prototype.subscribe = async () => (${JSON.stringify(subscription)});`,
    );
    await page.goto(site.url);
    const key = freshKey();
    await page.evaluate(`registerForWakes(${JSON.stringify(server.apiUrl)}, ${JSON.stringify([key])})`);
    expect(await countsOf(server)).toContain('"webpush":1');

    relay.broadcast(eventFor([key]));
    const [message] = await push.pushes.atLeast(1);
    const wake = subscription.decrypt(message?.body ?? Buffer.alloc(0));
    await deliver(await context.newCDPSession(page), site.url, wake);
    expect(await site.pushed.atLeast(1)).toEqual([wake]);
    await expect.poll(() => page.evaluate(WebPushPage.NOTIFICATIONS)).toEqual([['Mostro', 'Paid']]);
  },
);
