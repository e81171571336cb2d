import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { keep } from '../support/keep.ts';
import { isNtfyInstalled, Ntfy } from '../support/ntfy.ts';
import { setScene, untilMetric } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { eventFor } from '../support/wire-events.ts';

const WAKE = /^\{"type":"silent_wake","timestamp":\d{10}\}$/;
const pushes = (outcome: string): string =>
  `mostro_push_pushes_total{provider="unifiedpush",outcome="${outcome}"}`;

describe.skipIf(!isNtfyInstalled())(
  'a push server that nobody here wrote: ntfy (.ci/install-ntfy unpacks it)',
  () => {
    test('ntfy takes the wake of a subscription, and the app can read it', async () => {
      const { relay, server, phone } = await setScene();
      const ntfy = keep(await Ntfy.start());
      const subscription = new WebPushSubscription(ntfy.endpoint('Alice'));
      const alice = await phone({ subscription });
      relay.broadcast(eventFor([alice.tradePubkey]));
      await untilMetric(server, pushes('delivered'), 1);
      const messages = await ntfy.messages(subscription.endpoint);
      expect(messages.map((message) => subscription.decrypt(message))).toEqual([expect.stringMatching(WAKE)]);
    });

    test('ntfy takes the wake of an endpoint without keys', async () => {
      const { relay, server, phone } = await setScene();
      const ntfy = keep(await Ntfy.start());
      const alice = await phone({ endpoint: ntfy.endpoint('Alice') });
      relay.broadcast(eventFor([alice.tradePubkey]));
      await untilMetric(server, pushes('delivered'), 1);
      expect((await ntfy.messages(alice.token)).map(String)).toEqual([expect.stringMatching(WAKE)]);
    });

    test('ntfy that has no subscriber for the endpoint yet (507) gets the wake again, and takes it when there is one', async () => {
      const { relay, server, phone } = await setScene();
      const ntfy = keep(await Ntfy.start('--visitor-subscriber-rate-limiting'));
      const subscription = new WebPushSubscription(ntfy.endpoint('Alice'));
      const alice = await phone({ subscription });
      relay.broadcast(eventFor([alice.tradePubkey]));
      await untilMetric(server, pushes('retry'), 1);
      expect(await ntfy.messages(subscription.endpoint)).toEqual([]);
      await untilMetric(server, pushes('delivered'), 1);
      const [message] = await ntfy.messages(subscription.endpoint);
      expect(subscription.decrypt(message ?? Buffer.alloc(0))).toMatch(WAKE);
    });

    test('ntfy that lets nobody write (403) refuses, and no device is evicted', async () => {
      const { relay, server, phone } = await setScene();
      const ntfy = keep(
        await Ntfy.start(
          '--auth-file',
          join(await tempDirectory(), 'users'),
          '--auth-default-access',
          'deny-all',
        ),
      );
      const alice = await phone({ subscription: new WebPushSubscription(ntfy.endpoint('Alice')) });
      relay.broadcast(eventFor([alice.tradePubkey]));
      await untilMetric(server, pushes('refused'), 1);
      expect(await server.metric('mostro_push_registrations{platform="webpush"}')).toBe(1);
    });
  },
);
