import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { Phone } from '../../stand-ins/phone.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { WebPushSubscription } from '../../stand-ins/web-push-subscription.ts';
import { fcmError } from '../support/fcm-answers.ts';
import { keep } from '../support/keep.ts';
import { untilMetric } from '../support/scene.ts';
import { key } from '../support/stored-program.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type TestServer } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';

const KEYS = ['11'.repeat(32), '22'.repeat(32)] as const;

/** All bytes of a directory: the names of its files, and what is in them. */
async function bytesOf(directory: string): Promise<Buffer> {
  const names = await readdir(directory, { recursive: true });
  const files = await Promise.all(
    names.map((name) => readFile(join(directory, name)).catch(() => Buffer.alloc(0))),
  );
  return Buffer.concat([Buffer.from(names.join('\n')), ...files]);
}

/** A secret in every encoding in which it could be on the disk. */
function spellings(secret: string): Buffer[] {
  const raw = Buffer.from(secret);
  const texts = [
    secret,
    raw.toString('base64').slice(0, -4),
    raw.toString('base64url').slice(0, -4),
    raw.toString('hex'),
  ];
  const isHex = /^[0-9a-f]{64}$/.test(secret);
  const bytes = Buffer.from(secret, 'hex');
  return [
    ...texts.map((text) => Buffer.from(text)),
    ...(isHex ? [bytes, bytes.subarray(0, 16), Buffer.from(bytes.toString('base64').slice(0, 20))] : []),
  ];
}

interface Run {
  readonly server: TestServer;
  readonly directory: string;
  readonly secrets: string[];
}

/** Registers phones of every kind, wakes them, leaves one owed, and removes one. */
async function run(store: 'file' | 'memory', privateKey: string, phones: readonly Phone[]): Promise<Run> {
  const [relay, google] = [keep(await RelayStandIn.start()), keep(await GoogleStandIn.start({ tls: false }))];
  const directory = join(await tempDirectory(), 'data');
  const environment = {
    STORE: store,
    DATA_DIR: directory,
    SERVER_PRIVATE_KEY: privateKey,
    WAKE_DEADLINE_SECONDS: '0.2',
  };
  const server = keep(await startTestServer({ relays: [relay], google, environment }));
  google.answer = ({ token }) => (token === phones[1]?.token ? fcmError(503) : undefined);
  for (const phone of phones) {
    const there = { trade_pubkey: phone.tradePubkey, token: phone.token, platform: 'android' };
    expect(await server.post('/api/register', there)).toMatchObject({ status: 200 });
  }
  const events = phones.map(({ tradePubkey }, n) =>
    eventFor([tradePubkey], { kind: n % 2 === 0 ? 14 : 1059 }),
  );
  for (const event of events) relay.broadcast(event);
  await google.pushes.atLeast(1);
  await untilMetric(server, 'mostro_push_devices_owed{provider="fcm"}', 1);
  await untilMetric(server, 'mostro_push_seen_events', events.length);
  await server.post('/api/unregister', { trade_pubkey: phones[2]?.tradePubkey });
  await server.stop();
  const secrets = [
    ...phones.flatMap(({ token, tradePubkey }) => [token, tradePubkey]),
    ...events.flatMap(({ id, pubkey }) => [id, pubkey]),
    relay.url,
  ];
  return { server, directory, secrets };
}

function phoneNamed(name: string, endpoint?: string): Phone {
  const device = endpoint === undefined ? {} : { endpoint };
  return new Phone({ name, serverUrl: 'http://nowhere', kind: 'android', ...device });
}

function phonesOf(unifiedPush: UnifiedPushStandIn): Phone[] {
  const withEndpoint = ['dave', 'erin'].map((name) =>
    phoneNamed(name, unifiedPush.endpoint(`${name}-has-a-secret-endpoint`)),
  );
  return [...['alice', 'bob', 'carol'].map((name) => phoneNamed(name)), ...withEndpoint];
}

test.each(['file', 'memory'] as const)(
  'STORE=%s leaves no key, token, endpoint, event or relay in its directory, in any spelling',
  async (store) => {
    const unifiedPush = keep(await UnifiedPushStandIn.start());
    const { directory, secrets } = await run(store, KEYS[0], phonesOf(unifiedPush));
    const bytes = await bytesOf(directory);
    expect(bytes.length).toBeGreaterThan(1000);
    const found = secrets.filter((secret) => spellings(secret).some((spelling) => bytes.includes(spelling)));
    expect(found).toEqual([]);
  },
);

test('two stores with the same data, under one key or two, have no frame and no part of a frame in common', async () => {
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  const phones = phonesOf(unifiedPush);
  const pieces = new Set<string>();
  let count = 0;
  for (const privateKey of [...KEYS, KEYS[0]]) {
    const { directory } = await run('file', privateKey, phones);
    const { frames } = JSON.parse(await readFile(join(directory, 'store.json'), 'utf8')) as {
      frames: string[];
    };
    for (const frame of frames) {
      // After the index of the frame, which counts up.
      const bytes = Buffer.from(frame, 'base64').subarray(6);
      for (let at = 0; at + 16 <= bytes.length; at += 16) {
        pieces.add(bytes.subarray(at, at + 16).toString('hex'));
        count++;
      }
    }
  }
  expect(count).toBeGreaterThan(300);
  expect(pieces.size).toBe(count);
});

test.each(['file', 'memory'] as const)(
  'STORE=%s writes a frame of the same length for every device, whatever its push service',
  async (store) => {
    const DATA_DIR = await tempDirectory();
    const server = keep(await startTestServer({ environment: { STORE: store, DATA_DIR } }));
    const endpoint = 'https://push.example/';
    const subscriptions = ['', 'x'.repeat(400), 'x'.repeat(900)].map(
      (path) => new WebPushSubscription(endpoint + path),
    );
    const devices = [
      { token: 'a-token', platform: 'ios' },
      { token: `${'a'.repeat(22)}:${'b'.repeat(140)}`, platform: 'android' },
      { token: endpoint, platform: 'android' },
      ...subscriptions.map((subscription) => ({ subscription })),
    ];
    for (const [n, device] of devices.entries()) {
      const answer = await server.post('/api/register', { trade_pubkey: key(n), ...device });
      expect(answer).toMatchObject({ status: 200 });
    }
    const name = store === 'file' ? 'store.json' : 'unifiedpush_endpoints.json';
    const { frames } = JSON.parse(await readFile(join(DATA_DIR, name), 'utf8')) as { frames: string[] };
    // The frames that the file was created with come before. With STORE=memory they include the first endpoint.
    const made = store === 'file' ? 1 : 2;
    const kept = store === 'file' ? devices.length : subscriptions.length;
    expect(frames.length).toBe(made + kept);
    expect(new Set(frames.slice(made).map(({ length }) => length)).size).toBe(1);
  },
);

test('removed and expired data leaves the files with the next sweep, its sealed form included', async () => {
  const DATA_DIR = await tempDirectory();
  const environment = { STORE: 'file', DATA_DIR, CLEANUP_INTERVAL_HOURS: '0.0001', TOKEN_TTL_HOURS: '0.001' };
  const server = keep(await startTestServer({ environment }));
  for (let n = 1; n <= 10; n++)
    await server.post('/api/register', {
      trade_pubkey: key(n),
      token: `token-of-${n}-here`,
      platform: 'ios',
    });
  const path = join(DATA_DIR, 'store.json');
  const { frames } = JSON.parse(await readFile(path, 'utf8')) as { frames: string[] };
  expect(frames.length).toBeGreaterThan(2);
  await server.post('/api/unregister', { trade_pubkey: key(1) });
  await untilMetric(server, 'mostro_push_registrations_expired_total', 9);
  await vi.waitFor(
    async () => {
      const bytes = await bytesOf(DATA_DIR);
      expect(frames.filter((frame) => bytes.includes(frame.slice(20, 60)))).toEqual([]);
    },
    { timeout: PATIENCE_MS, interval: 50 },
  );
  const { frames: left } = JSON.parse(await readFile(path, 'utf8')) as { frames: string[] };
  expect(left.length).toBeLessThanOrEqual(3);
});
