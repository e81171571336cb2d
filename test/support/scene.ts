import { vi, expect } from 'vitest';

import { companionOf } from '../../stand-ins/companion.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { Phone } from '../../stand-ins/phone.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { eventFor } from './wire-events.ts';
import { keep } from './keep.ts';
import { startTestServer, type TestServer, type TestServerOptions } from './test-server.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { POLICY } from './wake-policy.ts';

interface SceneOptions extends Omit<TestServerOptions, 'google'> {
  /** How long FCM waits before it answers a message, in milliseconds. */
  readonly latencyMs?: number;
}

type PhoneOptions = Partial<Omit<ConstructorParameters<typeof Phone>[0], 'serverUrl'>>;

/** A relay, Google and the server between them, on loopback until the test is over. */
export interface Scene {
  /** The first relay. */
  readonly relay: RelayStandIn;
  readonly google: GoogleStandIn;
  readonly server: TestServer;
  /** A phone that has registered. */
  readonly phone: (options?: PhoneOptions) => Promise<Phone>;
  /**
   * The tokens of all pushes to Google, in order, after everything has been handled that the relays were told to send so far.
   * For this each relay sends a last event, for a new phone, and the wake of that phone is waited for. Its token is left out.
   */
  readonly woken: () => Promise<string[]>;
}

export async function setScene(options: SceneOptions = {}): Promise<Scene> {
  const { latencyMs = 0, relays = [keep(await RelayStandIn.start())] } = options;
  const google = keep(await GoogleStandIn.start({ tls: false, latencyMs }));
  const server = keep(await startTestServer({ ...options, relays, google }));
  const [relay] = relays;
  if (relay === undefined) throw new Error('a scene needs a relay');
  const sentinels = new Set<string>();
  const registered: string[] = [];
  const register = async (phoneOptions: PhoneOptions): Promise<Phone> => {
    const usual = { name: 'phone', kind: 'android', ...phoneOptions, serverUrl: server.apiUrl } as const;
    const made = await registeredPhone(usual);
    const isNew = !registered.includes(made.token);
    registered.push(made.token);
    if (POLICY === 'cohorts' && isNew && usual.subscription === undefined) {
      const { endpoint, kind } = usual;
      const token = companionOf(made.token);
      await registeredPhone({
        name: 'companion',
        kind,
        serverUrl: server.apiUrl,
        token,
        ...(endpoint !== undefined && { endpoint: token }),
      });
    }
    return made;
  };
  let turn: Promise<unknown> = Promise.resolve();
  const phone = (phoneOptions: PhoneOptions = {}): Promise<Phone> => {
    // One after another under `cohorts`, so that the two devices of a cohort are registered together.
    const made = POLICY === 'cohorts' ? turn.then(() => register(phoneOptions)) : register(phoneOptions);
    turn = made.catch(() => undefined);
    return made;
  };
  const woken = async (): Promise<string[]> => {
    const before = google.pushes.count;
    for (const each of relays) {
      const sentinel = await phone({ name: 'sentinel' });
      sentinels.add(sentinel.token);
      each.broadcast(eventFor([sentinel.tradePubkey]));
      // Two beats are a whole turn of the wheel.
      const least = POLICY === 'heartbeat' ? 2 : 1;
      await google.pushes.atLeast(least, { where: ({ token }) => token === sentinel.token });
    }
    // The sentinel may be the first of its burst.
    if (POLICY === 'slots' || POLICY === 'cohorts') await untilAllHaveLeft(server);
    const since = POLICY === 'heartbeat' ? before : 0;
    const all = google.pushes.all.map(({ token }) => token).filter((token) => !sentinels.has(token));
    const tokens = POLICY === 'heartbeat' ? [...new Set(all.slice(since))] : all;
    // The order within a burst is random.
    return POLICY === 'prompt'
      ? all
      : tokens.toSorted((a, b) => registered.indexOf(a) - registered.indexOf(b));
  };
  return { relay, google, server, phone, woken };
}

export async function registeredPhone(options: ConstructorParameters<typeof Phone>[0]): Promise<Phone> {
  const phone = new Phone(options);
  expect(await phone.register()).toMatchObject({ status: 200 });
  return phone;
}

/** Waits until no wake is held, and none waits in a lane. */
async function untilAllHaveLeft(server: TestServer): Promise<void> {
  await untilMetric(server, 'mostro_push_devices_held', 0);
  for (const provider of ['fcm', 'unifiedpush'])
    await untilMetric(server, `mostro_push_wakes_pending{provider="${provider}"}`, 0);
}

/** Waits until a metric has come to a value or beyond it. To be used for a count that may go on by itself, such as that of retries. */
export async function untilMetricReaches(server: TestServer, series: string, value: number): Promise<void> {
  await vi.waitFor(async () => expect(await server.metric(series)).toBeGreaterThanOrEqual(value), {
    timeout: PATIENCE_MS,
    interval: 20,
  });
}

/** Waits until a metric has come to a value. */
export async function untilMetric(server: TestServer, series: string, value: number): Promise<void> {
  await vi.waitFor(async () => expect(await server.metric(series)).toBe(value), {
    timeout: PATIENCE_MS,
    interval: 20,
  });
}
