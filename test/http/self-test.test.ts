import { generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { expect, test } from 'vitest';

import { httpAuth } from '../../stand-ins/http-auth.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { apiServer } from '../support/api-server.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { call, type HttpAnswer } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { setScene } from '../support/scene.ts';
import type { TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

const UNSIGNED = { status: 401, text: '{"success":false,"message":"Invalid authorization"}' };
const UNKNOWN = { status: 404, text: '{"success":false,"message":"Not registered"}' };
const LIMITED = { status: 429, text: '{"success":false,"message":"rate limited"}' };

function outcome(word: string): object {
  return { status: 200, text: `{"success":true,"outcome":"${word}"}` };
}

/** Makes the event of a second request within the same second another one. */
let requests = 0;
function fresh(event: { content: string }): void {
  event.content = `${requests++}`;
}

class Owner {
  readonly secret = generateSecretKey();
  readonly key = getPublicKey(this.secret);
  readonly #server: TestServer;

  constructor(server: TestServer) {
    this.#server = server;
  }

  register(device: object): Promise<{ status: number }> {
    return this.#server.post('/api/register', { trade_pubkey: this.key, ...device });
  }

  /** @param signer signs the request; nobody if it is `null` */
  test(signer: Uint8Array | null = this.secret): Promise<HttpAnswer> {
    const url = `${this.#server.apiUrl}/api/test`;
    const body = JSON.stringify({ trade_pubkey: this.key });
    return call(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(signer !== null && { authorization: httpAuth(signer, { url, body, template: fresh }) }),
      },
      body,
    });
  }
}

async function registered(server: TestServer, device: object): Promise<Owner> {
  const owner = new Owner(server);
  expect(await owner.register(device)).toMatchObject({ status: 200 });
  return owner;
}

const fcm = (token: string): object => ({ token, platform: 'android' });
/** A push service that asks for a wait longer than the deadline of a wake: the wake is owed at once, and its outcome `queued` takes no ten seconds. */
const LATER = { 'retry-after': '3600' };

test('POST /api/test wakes the device of each push service at once, and answers with the outcome', async () => {
  const { google, relay, server } = await setScene({
    environment: { BATCH_DELAY_MS: '600000', COOLDOWN_MS: '600000', REGISTRATION_AUTH: 'off' },
  });
  const push = keep(await UnifiedPushStandIn.start());
  const answers: Record<string, number> = { gone: 410, refused: 400, queued: 503 };
  google.answer = ({ token }) =>
    ({
      gone: fcmError(404, 'UNREGISTERED'),
      refused: fcmError(400, 'INVALID_ARGUMENT'),
      queued: fcmError(503, 'UNAVAILABLE', LATER),
    })[token];
  push.answer = ({ path }) => {
    const status = Object.entries(answers).find(([name]) => path.includes(name))?.[1];
    return status === undefined ? undefined : { status, headers: status === 503 ? LATER : {} };
  };
  for (const word of ['delivered', 'gone', 'refused', 'queued'])
    for (const device of [
      fcm(word),
      fcm(push.endpoint(`plain-${word}`)),
      { subscription: new WebPushSubscription(push.endpoint(`keys-${word}`)) },
    ]) {
      const owner = await registered(server, device);
      expect([device, await owner.test()]).toMatchObject([device, outcome(word)]);
    }

  // A device that an event has just woken is in its batch delay. The test does not wait for that.
  const owner = await registered(server, fcm('busy'));
  relay.broadcast(eventFor([owner.key]));
  const sent = (): string[] =>
    google.pushes.all.filter(({ token }) => token === 'busy').map(({ raw }) => raw);
  await google.pushes.atLeast(1, { where: ({ token }) => token === 'busy' });
  expect(await owner.test()).toMatchObject(outcome('delivered'));
  const wakes = sent().map((raw) => raw.replace(/"timestamp":"\d+"/, ''));
  expect([wakes.length, new Set(wakes).size]).toEqual([2, 1]);
});

test('POST /api/test tells nothing to anyone but the owner of the key, and only the owner uses up its one test a minute', async () => {
  // No wake of a policy leaves before the end of a slot of ten minutes; a test wake does.
  const { google, server } = await setScene({
    environment: { WAKE_POLICY: 'slots', WAKE_SLOT_SECONDS: '600' },
  });
  const [owner, unknown] = [await registered(server, fcm('phone')), new Owner(server)];
  const stranger = generateSecretKey();
  for (const key of [owner, unknown])
    for (const signer of [null, stranger]) expect(await key.test(signer)).toMatchObject(UNSIGNED);
  for (let n = 0; n < 2; n++) expect(await unknown.test()).toMatchObject(UNKNOWN);
  expect(google.pushes.count).toBe(0);

  expect(await owner.test()).toMatchObject(outcome('delivered'));
  const limited = await owner.test();
  expect(limited).toMatchObject(LIMITED);
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(50);
  for (const signer of [null, stranger]) expect(await owner.test(signer)).toMatchObject(UNSIGNED);
  expect(google.pushes.count).toBe(1);

  // Whoever registers many keys for one device wakes it ten times at once, and thirty times an hour at most.
  const others = await Promise.all(Array.from({ length: 10 }, () => registered(server, fcm('phone'))));
  const statuses = [];
  for (const other of others) statuses.push((await other.test()).status);
  expect(statuses).toEqual([...Array.from({ length: 9 }, () => 200), 429]);
});

test('POST /api/test is refused for a push service without credentials, for a wrong body, and beyond the limit of the address', async () => {
  const server = await apiServer({ RATE_LIMIT_PER_MINUTE: '4' });
  const owner = await registered(server, fcm('phone'));
  expect(await owner.test()).toMatchObject(outcome('refused'));
  expect(await server.post('/api/test', { trade_pubkey: 'x' })).toMatchObject({ status: 400 });
  expect(await owner.test(null)).toMatchObject(UNSIGNED);
  expect(await owner.test(null)).toMatchObject(LIMITED);
});
