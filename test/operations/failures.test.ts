import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { freePort } from '../support/free-port.ts';
import { call } from '../support/http.ts';
import { keep } from '../support/keep.ts';
import { googleEnvironment, serve } from '../support/program.ts';
import { registeredPhone } from '../support/scene.ts';
import { untilOver, untilSeenEverywhere, type Ailing } from '../support/sightings.ts';
import { tempDirectory } from '../support/temp-directory.ts';
import { startTestServer, type LogLine, type TestServerOptions } from '../support/test-server.ts';
import { eventFor } from '../support/wire-events.ts';

interface Scene extends Ailing {
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  /** Registers this many phones and publishes an event for each. With an endpoint, they are UnifiedPush phones. */
  readonly wake: (phones?: number, endpoint?: string) => Promise<void>;
}

/** A server, and a `doctor` that finds the same relay and the same Google. */
async function scene(
  options: TestServerOptions = {},
  prepare: (google: GoogleStandIn) => void = () => undefined,
): Promise<Scene> {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  prepare(google);
  const server = keep(await startTestServer({ relays: [relay], google, ...options }));
  const environment = {
    NOSTR_RELAYS: relay.url,
    FCM_BASE_URL: google.baseUrl,
    FIREBASE_SERVICE_ACCOUNT_PATH: await google.writeServiceAccount(await tempDirectory()),
    ...options.environment,
  };
  const wake = async (phones = 1, endpoint?: string): Promise<void> => {
    for (let n = 0; n < phones; n++) {
      const phone = await registeredPhone({
        name: `phone ${n}`,
        kind: 'android',
        serverUrl: server.apiUrl,
        ...(endpoint !== undefined && { endpoint }),
      });
      relay.broadcast(eventFor([phone.tradePubkey]));
    }
  };
  return { relay, google, wake, environment, adminUrl: server.adminUrl, lines: () => server.log.all };
}

async function readiness({ adminUrl }: Ailing): Promise<{ status: number; reasons: string[] }> {
  const { status = 0, text } = await call(`${adminUrl}/health/ready`);
  const { reasons } = JSON.parse(text) as { reasons: string[] };
  return { status, reasons };
}

/** The token of doctor's dry run. No device has it. */
const DOCTORS_TOKEN = 'mostro-push-doctor';
const CANNOT_DELIVER = 'no enabled push provider can deliver';

/** A device on which every write fails as on a full disk. */
const FULL = '/dev/full';

test('readiness, metric, log, dashboard and doctor say in the same words: a relay that is unreachable, though another one keeps the server ready', async () => {
  const [relay, port] = [keep(await RelayStandIn.start()), await freePort()];
  const urls = { NOSTR_RELAYS: `${relay.url},ws://127.0.0.1:${port}` };
  const ailing = await scene({ relays: [relay], environment: urls });
  expect(await untilSeenEverywhere(ailing, 'relay unreachable')).toContain(`127.0.0.1:${port}`);
  expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
  keep(await RelayStandIn.start({ port }));
  await untilOver(ailing, 'relay unreachable');
});

test('readiness, metric, log, dashboard and doctor say in the same words: a relay that restricts kind 1059', async () => {
  const relay = keep(await RelayStandIn.start({ refuseKinds: [1059] }));
  const ailing = await scene({ relays: [], environment: { NOSTR_RELAYS: relay.url } });
  const said = await untilSeenEverywhere(ailing, 'relay restricts 1059');
  expect(said).toContain('No relay serves kind 1059');
  expect(await readiness(ailing)).toMatchObject({ status: 200 });
});

test('readiness, metric, log, dashboard and doctor say in the same words: a key file that Google refuses', async () => {
  const ailing = await scene({}, (google) => {
    google.answerToken = () => ({ status: 400, body: { error: 'invalid_grant' } });
  });
  expect(await untilSeenEverywhere(ailing, 'bad key file')).not.toContain('wrong project');
  expect(await readiness(ailing)).toMatchObject({ status: 503, reasons: [CANNOT_DELIVER, 'bad key file'] });
});

test('readiness, metric, log, dashboard and doctor say in the same words: the wrong project, told apart from a bad key', async () => {
  const ailing = await scene({ environment: { FIREBASE_PROJECT_ID: 'another-project' } });
  await ailing.wake();
  const said = await untilSeenEverywhere(ailing, 'wrong project');
  expect(said).toContain('ok       OAuth');
  expect(said).not.toContain('bad key file');
  expect(await readiness(ailing)).toMatchObject({
    status: 503,
    reasons: [CANNOT_DELIVER, 'wrong project'],
  });
});

test('readiness, metric, log, dashboard and doctor say in the same words: OAuth that is down, until it is back', async () => {
  const ailing = await scene({}, (google) => {
    google.answerToken = () => ({ status: 503, body: 'later' });
  });
  await untilSeenEverywhere(ailing, 'OAuth down');
  expect(await readiness(ailing)).toMatchObject({ status: 503, reasons: [CANNOT_DELIVER, 'OAuth down'] });
  ailing.google.answerToken = undefined;
  await untilOver(ailing, 'OAuth down');
  expect(await readiness(ailing)).toMatchObject({ status: 200 });
});

test('readiness, metric, log, dashboard and doctor say in the same words: a pause after 429, which is no reason not to be ready', async () => {
  const ailing = await scene();
  ailing.google.answer = () => ({ status: 429, headers: { 'retry-after': '600' } });
  await ailing.wake(3);
  await untilSeenEverywhere(ailing, '429 pause');
  expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
});

test('readiness, metric, log, dashboard and doctor say in the same words: a UnifiedPush host that is down, even where one device alone is behind it', async () => {
  const unifiedPush = keep(await UnifiedPushStandIn.start());
  unifiedPush.answer = () => ({ status: 503 });
  const ailing = await scene();
  await ailing.wake(1, unifiedPush.endpoint('phone'));
  await untilSeenEverywhere(ailing, 'UnifiedPush host down');
  expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
  unifiedPush.answer = undefined;
  await untilOver(ailing, 'UnifiedPush host down');
});

test('readiness, metric, log, dashboard and doctor say in the same words: a queue that is full', async () => {
  const laneSizes = { fcm: { concurrency: 1, capacity: 2 } };
  const ailing = await scene({ laneSizes });
  const answers: (() => void)[] = [];
  ailing.google.answer = ({ token }) =>
    token === DOCTORS_TOKEN ? undefined : new Promise((resolve) => answers.push(() => resolve(undefined)));
  await ailing.wake(4);
  await untilSeenEverywhere(ailing, 'queue full');
  ailing.google.answer = undefined;
  for (const answer of answers) answer();
  await untilOver(ailing, 'queue full');
});

test('readiness, metric, log, dashboard and doctor say in the same words: a clock that is ten minutes off, by what Google’s answers say', async () => {
  const ailing = await scene({}, (google) => {
    google.answerToken = () => ({
      status: 400,
      headers: { date: new Date(Date.now() + 10 * 60_000).toUTCString() },
      body: { error: 'invalid_grant' },
    });
  });
  const said = await untilSeenEverywhere(ailing, 'clock off');
  expect(said).toMatch(/clock is (?:599|600|601) s behind/);
  // With a wrong clock Google refuses every key.
  expect(said).not.toContain('bad key file');
  expect(await readiness(ailing)).toMatchObject({ status: 503, reasons: [CANNOT_DELIVER, 'clock off'] });
});

test.skipIf(!existsSync(FULL))(
  'readiness, metric, log, dashboard and doctor say in the same words: a disk that is full, while wakes go on',
  async () => {
    const relay = keep(await RelayStandIn.start());
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const environment = {
      NOSTR_RELAYS: relay.url,
      LOG_FILE: FULL,
      ...(await googleEnvironment(google)),
    };
    const { adminUrl, apiUrl, program } = await serve(environment);
    const lines = (): LogLine[] =>
      program
        .stdout()
        .split('\n')
        .filter((line) => line.endsWith('}'))
        .map((line) => JSON.parse(line) as LogLine);
    const ailing = { adminUrl, environment, lines };
    await untilSeenEverywhere(ailing, 'disk full');
    await relay.subscribed(1059);
    const phone = await registeredPhone({ name: 'phone', kind: 'android', serverUrl: apiUrl });
    relay.broadcast(eventFor([phone.tradePubkey]));
    await google.pushes.atLeast(1);
    expect(await readiness(ailing)).toMatchObject({ status: 200, reasons: [] });
  },
);
