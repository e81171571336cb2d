import { unwrapEvent } from 'nostr-tools/nip59';
import { expect, test } from 'vitest';

import { Daemon } from '../../stand-ins/daemon.ts';
import type { GooglePush } from '../../stand-ins/google-messages.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { ageInHours, nip59GiftWrap } from '../support/wire-events.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

/** Checks a push against contract 4: every byte, and that its timestamp is now. */
function expectSilentWake(push: GooglePush | undefined, token: string): void {
  const timestamp = /"timestamp":"(\d+)"/.exec(push?.raw ?? '')?.[1] ?? '';
  expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(10);
  expect(push?.httpVersion).toBe('2.0');
  expect(push?.raw).toBe(
    `{"message":{"token":"${token}",` +
      `"data":{"type":"silent_wake","source":"mostro-push-server","timestamp":"${timestamp}"},` +
      '"android":{"priority":"HIGH","ttl":"86400s"},' +
      '"apns":{"headers":{"apns-push-type":"background","apns-priority":"5"},' +
      '"payload":{"aps":{"content-available":1}}},' +
      '"webpush":{"headers":{"TTL":"86400","Urgency":"high"}}}}',
  );
}

test.skipIf(BEATS)(
  'a nip59 gift wrap back-dated 47 hours becomes one FCM request over HTTP/2 with exactly the silent body',
  async () => {
    const { relay, google, phone, woken } = await setScene();
    const [alice] = [await phone({ name: 'alice' }), await phone({ name: 'bob', kind: 'ios' })];
    const giftWrap = nip59GiftWrap(alice.tradePubkey, { backdatedHours: 47 });
    expect(ageInHours(giftWrap)).toBeCloseTo(47, 2);
    expect(unwrapEvent(giftWrap, alice.tradeSecretKey).content).toBe('an order');

    await keep(new Daemon()).publish(relay.url, giftWrap);
    const [push] = await google.pushes.atLeast(1);

    expectSilentWake(push, alice.token);
    expect(await woken()).toEqual([alice.token]);
    expect(google.refusals.count).toBe(0);
  },
);

test.skipIf(BEATS)(
  'a signed kind 14 of a node becomes one FCM request over HTTP/2 with exactly the silent body',
  async () => {
    const { relay, google, phone, woken } = await setScene();
    const [alice] = [await phone({ name: 'alice', kind: 'ios' }), await phone({ name: 'bob' })];
    const daemon = keep(new Daemon());

    await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
    const [push] = await google.pushes.atLeast(1);

    expectSilentWake(push, alice.token);
    expect(await woken()).toEqual([alice.token]);
    expect(google.refusals.count).toBe(0);
  },
);

test.skipIf(BEATS)(
  'a UnifiedPush endpoint gets one JSON wake of its own, and Google never hears of it',
  async () => {
    const { relay, google, phone, woken } = await setScene();
    const unifiedPush = keep(await UnifiedPushStandIn.start());
    const alice = await phone({ name: 'alice', endpoint: unifiedPush.endpoint('Alice') });

    await keep(new Daemon()).publish(relay.url, nip59GiftWrap(alice.tradePubkey, { backdatedHours: 47 }));
    const [push] = await unifiedPush.pushes.atLeast(1);

    const text = push?.body.toString() ?? '';
    const timestamp = /"timestamp":(\d+)/.exec(text)?.[1] ?? '';
    expect(Math.abs(Number(timestamp) - Date.now() / 1000)).toBeLessThan(10);
    expect(text).toBe(`{"type":"silent_wake","timestamp":${timestamp}}`);
    expect(push).toMatchObject({
      method: 'POST',
      path: '/upAlice?up=1',
      headers: { 'content-type': 'application/json', ttl: '86400', urgency: 'high' },
    });
    expect(await woken()).toEqual([]);
    expect(google.refusals.count).toBe(0);
    expect(unifiedPush.pushes.count).toBe(1);
  },
);

test('an FCM token never goes to a UnifiedPush server, also where both kinds of phone are registered', async () => {
  const { relay, phone, google } = await setScene();
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  const alice = await phone({ endpoint: unifiedPush.endpoint('Alice') });
  const bob = await phone();
  const daemon = keep(new Daemon());

  await daemon.publish(relay.url, daemon.message(bob.tradePubkey));
  await google.pushes.atLeast(1);
  await daemon.publish(relay.url, daemon.message(alice.tradePubkey));
  await unifiedPush.pushes.atLeast(1);

  expect(google.pushes.all.map(({ token }) => token)).toEqual([bob.token]);
  expect(unifiedPush.pushes.all.map(({ path }) => path)).toEqual(['/upAlice?up=1']);
  expect(JSON.stringify(unifiedPush.pushes.all)).not.toContain(bob.token);
});
