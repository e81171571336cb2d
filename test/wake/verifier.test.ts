import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { setImmediate } from 'node:timers/promises';

import { getEventHash, type NostrEvent } from 'nostr-tools/pure';
import { describe, expect, test } from 'vitest';

import { WEB_ASSEMBLY } from '../../src/crypto/curve-sources.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import type { Phone } from '../../stand-ins/phone.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { fakeLibrary } from '../support/fake-curve.ts';
import { keep } from '../support/keep.ts';
import { registeredPhone, setScene, untilMetric, type Scene } from '../support/scene.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';
import { BEATS_ARE_PUSHES, isLeftOut } from '../support/wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);

/**
 * How many bad items each entry gets. WebAssembly once crashed after 3 390 keys that are not points: `src/crypto/curve-agreement.test.ts` gives each library
 * more than that directly. DOOR_FLOOD=100000 sends as many through the entries, in some minutes.
 */
const FLOOD = Number(process.env['DOOR_FLOOD'] ?? 360);
const AT_ONCE = 32;
/** How many events are sent between two turns of the event loop, which the server shares with the test. */
const SENT_AT_ONCE = 50;

const { off, beyondTheField } = JSON.parse(
  readFileSync(new URL('../vectors/keys-off-the-curve.json', import.meta.url), 'utf8'),
) as { off: string[]; beyondTheField: string[] };
const NO_POINTS = [...off, ...beyondTheField];
const noPoint = (n: number): string => NO_POINTS[n % NO_POINTS.length] as string;

const FORGED = 'mostro_push_events_rejected_total{reason="forged"}';
const REPLACED = 'mostro_push_alarm{alarm="signature library replaced"}';
const JSON_TYPE = { 'content-type': 'application/json' };
const UNDECIDED = 'mostro_push_events_rejected_total{reason="undecided"}';

/** A request that is about to be sent. */
interface Posting {
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Posts this many registrations, several at the same time over kept connections. @returns the statuses */
async function flood(url: string, count: number, make: (n: number) => Posting): Promise<Set<number>> {
  const statuses = new Set<number>();
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < count) {
      const { body, headers } = make(next++);
      const outgoing = request(url, { method: 'POST', agent, headers: { ...JSON_TYPE, ...headers } });
      outgoing.end(body);
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      statuses.add(answer.statusCode ?? 0);
      await once(answer.resume(), 'end');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  agent.destroy();
  return statuses;
}

/** An event with its right id, by a key that is no point. */
function byNoPoint(n: number, parts: Pick<NostrEvent, 'kind' | 'tags'>): NostrEvent {
  const event = {
    ...parts,
    pubkey: noPoint(n),
    created_at: Math.floor(Date.now() / 1000),
    content: `${n}`,
    sig: '12'.repeat(64),
  };
  return { ...event, id: getEventHash(event) };
}

/** A registration that its own key has signed (NIP-98). The key is not a point. */
function signedByNoPoint(url: string, n: number): Posting {
  const body = JSON.stringify({ trade_pubkey: noPoint(n), token: 'a-token', platform: 'android' });
  const tags = [
    ['u', url],
    ['method', 'POST'],
    ['payload', createHash('sha256').update(body).digest('hex')],
  ];
  const event = JSON.stringify(byNoPoint(n, { kind: 27_235, tags }));
  return { body, headers: { authorization: `Nostr ${Buffer.from(event).toString('base64')}` } };
}

/** A registration whose token is sealed with a key that is no point. */
function sealedByNoPoint(n: number): Posting {
  const key = Buffer.from(`${n % 2 === 0 ? '02' : '03'}${noPoint(n)}`, 'hex');
  const encrypted_token = Buffer.concat([key, randomBytes(248)]).toString('base64');
  return { body: JSON.stringify({ trade_pubkey: noPoint(n), encrypted_token }) };
}

async function expectWoken({ relay, woken }: Scene, phone: Phone): Promise<void> {
  relay.broadcast(eventFor([phone.tradePubkey]));
  expect(await woken()).toEqual([phone.token]);
}

// A machine with neither the system's library nor a build of the addon has WebAssembly only.
describe.each([
  { name: 'WebAssembly alone', options: { curves: [WEB_ASSEMBLY] } },
  { name: 'what npm brings', options: {} },
])('with $name, a phone is woken', ({ options }) => {
  test(`a phone is woken after ${FLOOD} signed registrations by keys that are no point, all of them 401`, async () => {
    const scene = await setScene(options);
    const phone = await scene.phone();
    const url = `${scene.server.apiUrl}/api/register`;
    expect(await flood(url, FLOOD, (n) => signedByNoPoint(url, n))).toEqual(new Set([401]));
    await expectWoken(scene, phone);
    expect(await scene.server.metric(REPLACED)).toBe(0);
  });

  test(`a phone is woken after ${FLOOD} tokens that are sealed with keys that are no point, all of them 400`, async () => {
    const scene = await setScene(options);
    const url = `${scene.server.apiUrl}/api/register`;
    expect(await flood(url, FLOOD, sealedByNoPoint)).toEqual(new Set([400]));
    await expectWoken(scene, await scene.phone());
    expect(await scene.server.metric(REPLACED)).toBe(0);
  });

  test(`a phone is woken after ${FLOOD} events by keys that are no point, at another relay`, async () => {
    const hostile = keep(await RelayStandIn.start());
    const honest = keep(await RelayStandIn.start());
    const scene = await setScene({ relays: [honest, hostile], ...options });
    const phone = await scene.phone();
    for (let n = 0; n < FLOOD; n++) {
      hostile.broadcast(byNoPoint(n, { kind: 1059, tags: [['p', phone.tradePubkey]] }));
      if (n % SENT_AT_ONCE === 0) await setImmediate();
    }
    // From the honest relay: events for this key from the hostile one are no longer verified.
    honest.broadcast(eventFor([phone.tradePubkey]));
    const [push] = await scene.google.pushes.atLeast(1);
    expect(push?.token).toBe(phone.token);
    expect(await scene.server.metric(REPLACED)).toBe(0);
  });
});

test('a library that breaks while an event comes is replaced: the phone is woken, the relay is not blamed, the operator is told', async () => {
  const breaking = fakeLibrary('breaking');
  const scene = await setScene({ curves: [breaking, WEB_ASSEMBLY] });
  const phone = await scene.phone();
  breaking.ailment = 'throws';
  await expectWoken(scene, phone);
  const { server } = scene;
  expect(await server.metric(FORGED)).toBe(0);
  const ready = await fetch(`${server.adminUrl}/health/ready`);
  expect(await ready.json()).toMatchObject({
    status: 'ready',
    alarms: [{ alarm: 'signature library replaced', reason: 'breaking' }],
  });
  await server.log.atLeast(1, {
    where: ({ msg, reason }) => msg === 'curve.replaced' && reason === 'breaking',
  });
});

test('a library that breaks while nothing comes is found out and replaced', async () => {
  const breaking = fakeLibrary('breaking');
  const { server } = await setScene({ curves: [breaking, WEB_ASSEMBLY] });
  breaking.ailment = 'wrong point';
  await untilMetric(server, REPLACED, 1);
});

test.skipIf(BEATS)(
  'when no library is left, the process is told to end; the event is not called forged, and is delivered after the restart',
  async () => {
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const environment = { STORE: 'file', DATA_DIR: await tempDirectory() };
    const breaking = fakeLibrary('breaking');
    const common = { relays: [relay], google, environment };
    const first = keep(await startTestServer({ ...common, curves: [breaking] }));
    const phone = await registeredPhone({ name: 'phone', kind: 'android', serverUrl: first.apiUrl });
    breaking.ailment = 'says no';
    const event = eventFor([phone.tradePubkey]);
    relay.store(event);
    relay.broadcast(event);
    await expect(first.app.fault).rejects.toThrow('no library verifies signatures as it should');
    await untilMetric(first, UNDECIDED, 1);
    expect(await first.metric(FORGED)).toBe(0);
    expect(relay.clientCount).toBe(1);
    const ready = await fetch(`${first.adminUrl}/health/ready`);
    expect([ready.status, await ready.json()]).toMatchObject([
      503,
      { reasons: expect.arrayContaining(['no library verifies signatures']) as unknown },
    ]);
    await first.stop();
    keep(await startTestServer(common));
    const [push] = await google.pushes.atLeast(1);
    expect(push?.token).toBe(phone.token);
  },
);

test('when no library is left, a signed or sealed registration is answered with 500, and no client is called a forger', async () => {
  const breaking = fakeLibrary('breaking');
  const { phone, server } = await setScene({ curves: [breaking] });
  const known = await phone();
  breaking.ailment = 'throws';
  expect(await known.register()).toMatchObject({ status: 500 });
  const url = `${server.apiUrl}/api/register`;
  expect(await flood(url, 1, (n) => signedByNoPoint(url, n))).toEqual(new Set([500]));
});
