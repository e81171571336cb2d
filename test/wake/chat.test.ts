import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { postJson, type HttpAnswer } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { registeredPhone, setScene, untilMetric } from '../support/scene.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut, promptOnly, PUSHES_ARE_COUNTED } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);
const COUNTED = isLeftOut(PUSHES_ARE_COUNTED);

const IS_LEFT_OUT = isLeftOut(promptOnly('chat wakes are of prompt'));

function notify(url: string, body: object): Promise<HttpAnswer> {
  return postJson(`${url}/api/notify`, JSON.stringify(body));
}

test.skipIf(IS_LEFT_OUT)(
  'an announced chat message wakes the device of the key, with a body that says so and nothing else',
  async () => {
    const { google, server, phone } = await setScene();
    const bob = await phone({ kind: 'ios' });
    expect(await notify(server.apiUrl, { trade_pubkey: bob.tradePubkey })).toMatchObject({
      status: 202,
      text: '{"accepted":true}',
    });
    const [push] = await google.pushes.atLeast(1);
    expect(push).toMatchObject({ token: bob.token });
    const data = {
      type: 'chat_wake',
      source: 'mostro-push-server',
      timestamp: expect.stringMatching(/^\d{10}$/),
    };
    expect(push?.body).toMatchObject({ message: { data } });
    expect(JSON.stringify(push)).not.toContain(bob.tradePubkey);
  },
);

test.skipIf(IS_LEFT_OUT)('an announced chat message wakes a phone without Google too', async () => {
  const distributor = keep(await UnifiedPushStandIn.start());
  const { google, server, phone } = await setScene();
  const bob = await phone({ endpoint: distributor.endpoint('bob') });
  await notify(server.apiUrl, { trade_pubkey: bob.tradePubkey.toUpperCase() });
  const [push] = await distributor.pushes.atLeast(1);
  expect(JSON.parse(push?.body.toString() ?? '')).toMatchObject({ type: 'chat_wake' });
  expect(google.pushes.count).toBe(0);
});

test.skipIf(IS_LEFT_OUT)(
  'an announced chat message stays silent where relay events show the incumbent’s notice',
  async () => {
    const { google, server, phone } = await setScene({ environment: { FCM_PAYLOAD_MODE: 'alert' } });
    const bob = await phone();
    await notify(server.apiUrl, { trade_pubkey: bob.tradePubkey });
    const [push] = await google.pushes.atLeast(1);
    expect(push?.raw).not.toContain('notification');
  },
);

test.skipIf(IS_LEFT_OUT)(
  'ten announced chat messages in a burst wake once, and once more when the window ends or the server stops',
  async () => {
    const { google, server, phone } = await setScene({ environment: { BATCH_DELAY_MS: '600000' } });
    const bob = await phone();
    for (let n = 0; n < 10; n++) await notify(server.apiUrl, { trade_pubkey: bob.tradePubkey });
    await google.pushes.atLeast(1);
    await untilMetric(server, 'mostro_push_chat_announcements_waiting', 0);
    await server.stop();
    expect(google.pushes.all.map(({ token }) => token)).toEqual([bob.token, bob.token]);
  },
);

test.skipIf(IS_LEFT_OUT)(
  'an announced chat message neither delays a relay wake nor is lost by it',
  async () => {
    const { relay, google, server, phone } = await setScene({
      environment: { BATCH_DELAY_MS: '600000' },
    });
    const bob = await phone();
    await notify(server.apiUrl, { trade_pubkey: bob.tradePubkey });
    await google.pushes.atLeast(1);
    relay.broadcast(eventFor([bob.tradePubkey]));
    const pushes = await google.pushes.atLeast(2);
    expect(pushes.map(({ raw }) => /"type":"(\w+)"/.exec(raw)?.[1])).toEqual(['chat_wake', 'silent_wake']);
  },
);

test.skipIf(COUNTED)(
  'an announced chat message that was accepted before a stop wakes before the end',
  async () => {
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const server = await startTestServer({ google });
    const bob = await registeredPhone({ name: 'bob', kind: 'android', serverUrl: server.apiUrl });
    await notify(server.apiUrl, { trade_pubkey: bob.tradePubkey });
    await server[Symbol.asyncDispose]();
    expect(google.pushes.all.map(({ token }) => token)).toEqual([bob.token]);
  },
);

test.skipIf(BEATS)(
  'an announced chat message restarts no time to live: a key that is only written to does not live for ever',
  async () => {
    let now = Date.now();
    const { google, server, phone } = await setScene({
      clock: () => now,
      environment: { TOKEN_TTL_HOURS: '1' },
    });
    const bob = await phone();
    // The access token is fetched first: with the clock further ahead, Google would refuse an assertion as one from the future.
    await google.tokenRequests.atLeast(1);
    now += 50 * 60_000;
    await notify(server.apiUrl, { trade_pubkey: bob.tradePubkey });
    await google.pushes.atLeast(1);
    now += 20 * 60_000;
    const answer = await server.post('/api/unregister', { trade_pubkey: bob.tradePubkey });
    expect(answer.text).toContain('Token not found');
  },
);
