import { expect, test } from 'vitest';

import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { eventFor } from '../support/wire-events.ts';

const NAME = 'mostro-push-server/1.2.3';

test('every request to a relay, to Google and to a push server names this program and its version', async () => {
  const { google, phone, relay } = await setScene({ version: '1.2.3' });
  const push = keep(await UnifiedPushStandIn.start());
  const alice = await phone();
  const bob = await phone({ subscription: new WebPushSubscription(push.endpoint('Bobby')) });
  const carol = await phone({ endpoint: push.endpoint('Carol') });
  relay.broadcast(eventFor([alice.tradePubkey, bob.tradePubkey, carol.tradePubkey]));

  const [dial] = await relay.userAgents.atLeast(1);
  await expect.poll(() => relay.informationUserAgent).toBe(NAME);
  const [tokenRequest] = await google.tokenRequests.atLeast(1);
  const [toGoogle] = await google.pushes.atLeast(1);
  const pushes = await push.pushes.atLeast(2);
  expect([dial, tokenRequest?.userAgent, toGoogle?.headers['user-agent']]).toEqual([NAME, NAME, NAME]);
  expect(pushes.map(({ headers }) => headers['user-agent'])).toEqual([NAME, NAME]);
});
