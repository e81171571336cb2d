import { existsSync } from 'node:fs';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { UnifiedPushStandIn } from '../../stand-ins/unifiedpush-stand-in.ts';
import { freePort } from './free-port.ts';
import { keep } from './keep.ts';
import { googleEnvironment, serve } from './program.ts';
import { registeredPhone } from './scene.ts';
import type { Ailing } from './sightings.ts';
import { tempDirectory } from './temp-directory.ts';
import { startTestServer, type LogLine, type TestServerOptions } from './test-server.ts';
import { eventFor } from './wire-events.ts';

/** A server with a failure, and how the failure ends. */
export interface AilingServer extends Ailing {
  /** Wakes a phone, by an event for it. */
  readonly wake: (phones?: number) => Promise<void>;
  /** Ends the failure. Absent if it cannot end. */
  readonly heal?: () => Promise<void>;
}

interface AilingScene extends AilingServer {
  readonly google: GoogleStandIn;
  readonly wakeAt: (endpoint: string) => Promise<void>;
}

/** A server, and a `doctor` that finds the same relay and the same Google. */
async function scene(
  options: TestServerOptions = {},
  prepare: (google: GoogleStandIn) => void = () => undefined,
): Promise<AilingScene> {
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
  const wakeOne = async (name: string, endpoint?: string): Promise<void> => {
    const phone = await registeredPhone({
      name,
      kind: 'android',
      serverUrl: server.apiUrl,
      ...(endpoint !== undefined && { endpoint }),
    });
    relay.broadcast(eventFor([phone.tradePubkey]));
  };
  return {
    google,
    wake: async (phones = 1) => {
      for (let n = 0; n < phones; n++) await wakeOne(`phone ${n}`);
    },
    wakeAt: (endpoint) => wakeOne('phone', endpoint),
    environment,
    adminUrl: server.adminUrl,
    lines: () => server.log.all,
  };
}

/** The token of doctor's dry run. No device has it. */
const DOCTORS_TOKEN = 'mostro-push-doctor';

/** A device on which every write fails as on a full disk. */
const FULL = '/dev/full';
export const hasFullDevice = existsSync(FULL);

/** FCM is slow, and yet faster than the server gives an attempt up. */
const SLOW_ANSWER_MS = 12_000;

/** The ten failures, by the alarm that each raises. Every alarm stands soon after, or stands already. */
export const TEN_FAILURES = {
  'relay unreachable': async () => {
    const [relay, port] = [keep(await RelayStandIn.start()), await freePort()];
    const urls = { NOSTR_RELAYS: `${relay.url},ws://127.0.0.1:${port}` };
    const ailing = await scene({ relays: [relay], environment: urls });
    return { ...ailing, port, heal: async () => void keep(await RelayStandIn.start({ port })) };
  },
  'relay restricts 1059': async () => {
    const relay = keep(await RelayStandIn.start({ refuseKinds: [1059] }));
    return scene({ relays: [], environment: { NOSTR_RELAYS: relay.url } });
  },
  'bad key file': () =>
    scene({}, (google) => {
      google.answerToken = () => ({ status: 400, body: { error: 'invalid_grant' } });
    }),
  'wrong project': async () => {
    const ailing = await scene({ environment: { FIREBASE_PROJECT_ID: 'another-project' } });
    await ailing.wake();
    return ailing;
  },
  'OAuth down': async () => {
    const ailing = await scene({}, (google) => {
      google.answerToken = () => ({ status: 503, body: 'later' });
    });
    return { ...ailing, heal: async () => void (ailing.google.answerToken = undefined) };
  },
  '429 pause': async () => {
    const ailing = await scene();
    ailing.google.answer = () => ({ status: 429, headers: { 'retry-after': '600' } });
    await ailing.wake(3);
    return ailing;
  },
  'UnifiedPush host down': async () => {
    const unifiedPush = keep(await UnifiedPushStandIn.start());
    unifiedPush.answer = () => ({ status: 503 });
    const ailing = await scene();
    await ailing.wakeAt(unifiedPush.endpoint('phone'));
    return { ...ailing, heal: async () => void (unifiedPush.answer = undefined) };
  },
  'queue full': async () => {
    const ailing = await scene({ laneSizes: { fcm: { concurrency: 1, capacity: 2 } } });
    const answers: (() => void)[] = [];
    ailing.google.answer = ({ token }) =>
      token === DOCTORS_TOKEN
        ? undefined
        : new Promise((resolve) => {
            answers.push(() => resolve(undefined));
            setTimeout(() => resolve(undefined), SLOW_ANSWER_MS).unref();
          });
    await ailing.wake(4);
    const heal = async (): Promise<void> => {
      ailing.google.answer = undefined;
      for (const answer of answers) answer();
    };
    return { ...ailing, heal };
  },
  'clock off': () =>
    scene({}, (google) => {
      google.answerToken = () => ({
        status: 400,
        headers: { date: new Date(Date.now() + 10 * 60_000).toUTCString() },
        body: { error: 'invalid_grant' },
      });
    }),
  'disk full': fullDisk,
} as const satisfies Record<string, () => Promise<AilingServer>>;

/** The program of its own process, since its log goes to a full disk. */
async function fullDisk(): Promise<AilingServer & { readonly google: GoogleStandIn }> {
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: relay.url, LOG_FILE: FULL, ...(await googleEnvironment(google)) };
  const { adminUrl, apiUrl, program } = await serve(environment);
  const lines = (): LogLine[] =>
    program
      .stdout()
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as LogLine);
  const wake = async (): Promise<void> => {
    await relay.subscribed(1059);
    const phone = await registeredPhone({ name: 'phone', kind: 'android', serverUrl: apiUrl });
    relay.broadcast(eventFor([phone.tradePubkey]));
  };
  return { adminUrl, environment, lines, google, wake };
}
