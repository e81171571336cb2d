import { expect, test } from 'vitest';

import { RELAY_TIMING } from '../../src/relay/connection/relay-timing.ts';
import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { registerDevices, type Device } from './devices.ts';
import { missedEvents, strangersEvents } from './gap-events.ts';
import { keep } from './keep.ts';
import type { RelaySettings } from './relay-makes.ts';
import { slowReader } from './relay-table-bursts.ts';
import {
  missAndRecover,
  report,
  setTableScene,
  tokens,
  untilLive,
  woken,
  type TableOptions,
} from './relay-table-scene.ts';
import { tempDirectory } from './temp-directory.ts';
import { startTestServer } from './test-server.ts';

/** The table of relays: the same cases for every relay, as far as it has the settings. Every device is woken exactly once. */
export function relayTable(options: TableOptions): void {
  ordinary(options);
  restarts(options);
  smallPages(options);
  authentication(options);
  comparison(options);
  fewSubscriptions(options);
  slowReader(options);
}

function ordinary({ name, start, strangers = 2000 }: TableOptions): void {
  test(`${name}: 100 events wake live, and a gap of 300 devices among ${strangers} events is recovered, each device once`, async () => {
    const scene = await setTableScene(keep(await start({})));
    const devices = await registerDevices(scene.server, 400);
    const begun = performance.now();
    await scene.relay.publish(missedEvents(devices.slice(0, 100)));
    await scene.google.pushes.atLeast(100);
    report(name, 'live', scene, 100, performance.now() - begun);
    expect(woken(scene)).toEqual(tokens(devices.slice(0, 100)));
    const took = await missAndRecover(scene, devices.slice(100), strangers);
    report(name, `live 100, gap of 300 + ${strangers}`, scene, 400, took);
    expect(woken(scene)).toEqual(tokens(devices));
  });
}

function smallPages({ has, name, start }: TableOptions): void {
  test.runIf(has.has('maxLimit'))(
    `${name} that gives 50 stored events at once: a gap of 100 devices among 500 events is recovered`,
    async () => {
      const scene = await setTableScene(keep(await start({ maxLimit: 50 })));
      const devices = await registerDevices(scene.server, 100);
      const took = await missAndRecover(scene, devices, 500);
      report(name, 'max_limit 50, gap of 100 + 500', scene, 100, took);
      expect(woken(scene)).toEqual(tokens(devices));
    },
  );
}

/** Audits every moment, so that a relay without a NIP-11 document is soon asked whether it offers NIP-77. */
const BRISK = {
  messages: { minMs: 100, baseMs: 200, maxMs: 400 },
  wraps: { minMs: 100, baseMs: 200, maxMs: 400 },
  standstillMs: Infinity,
  burstEvents: Infinity,
  afterStandstillMs: 100,
  confirmMs: 1000,
};

function comparison({ compares, name, start }: TableOptions): void {
  test.runIf(compares !== undefined)(
    `${name} that ${compares === true ? 'offers' : 'says that it offers'} NIP-77: 50 events wake live, and a gap of 100 devices among 500 events is recovered`,
    async () => {
      const relay = keep(await start({ negentropy: true }));
      const scene = await setTableScene(relay, { relayTiming: { audit: BRISK } });
      const { server } = scene;
      const compared = async (outcome: string): Promise<number> =>
        server.metric(`mostro_push_relay_reconciliations_total{outcome="${outcome}"}`);
      const devices = await registerDevices(server, 150);
      await relay.publish(missedEvents(devices.slice(0, 50)));
      await scene.google.pushes.atLeast(50);
      const asked = async (): Promise<number> => (await compared('complete')) + (await compared('other'));
      await expect.poll(asked).toBeGreaterThan(0);
      const took = await missAndRecover(scene, devices.slice(50), 500);
      const counts = [await compared('complete'), await compared('other')];
      report(
        name,
        `NIP-77 (${counts.join(' complete, ')} refused), live 50, gap of 100 + 500`,
        scene,
        150,
        took,
      );
      expect(woken(scene)).toEqual(tokens(devices));
      expect((counts[0] ?? 0) > 0).toBe(compares);
    },
  );
}

/** A directory for the relay's events, if the relay can keep them. */
async function kept({ has }: TableOptions): Promise<RelaySettings> {
  return has.has('directory') ? { directory: await tempDirectory() } : {};
}

interface Killed {
  readonly google: GoogleStandIn;
  readonly devices: readonly Device[];
  /** How long it took until what was published at once after the start was woken, in milliseconds. */
  readonly tookMs: number;
}

/**
 * Events wake 50 devices, the relay is killed and started again, and further events wake 50 and 20 more. There is no proxy between: an
 * answer to a challenge (NIP-42) names the relay's URL.
 */
async function killAndStart(options: TableOptions, settings: RelaySettings): Promise<Killed> {
  const { start } = options;
  const relay = keep(await start(settings));
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: relay.url };
  const { authenticationTimeoutMs } = RELAY_TIMING;
  const relayTiming = { authenticationTimeoutMs };
  const server = keep(await startTestServer({ google, environment, relayTiming }));
  await untilLive(server);
  const devices = await registerDevices(server, 120);
  await relay.publish(missedEvents(devices.slice(0, 50)));
  await google.pushes.atLeast(50);
  await relay.kill();
  const again = keep(await start({ ...settings, port: relay.port }));
  const begun = performance.now();
  await again.publish(missedEvents(devices.slice(50, 100)));
  await google.pushes.atLeast(100);
  const tookMs = performance.now() - begun;
  await untilLive(server);
  await again.publish(missedEvents(devices.slice(100)));
  await google.pushes.atLeast(120);
  return { google, devices, tookMs };
}

function authentication(options: TableOptions): void {
  const { has, name } = options;
  test.runIf(has.has('auth'))(
    `${name} that serves nobody before authentication: events wake, also after it was killed and started again`,
    async () => {
      const { devices, google, tookMs } = await killAndStart(options, {
        ...(await kept(options)),
        auth: true,
      });
      report(name, 'AUTH for all, 50 before a SIGKILL, 50 + 20 after', { google }, 120, tookMs);
      expect(woken({ google })).toEqual(tokens(devices));
    },
  );
}

function restarts(options: TableOptions): void {
  const { name, start } = options;
  test(`${name} that is killed and started again: what it gets from then on wakes, and no device is woken for the same event again`, async () => {
    const { devices, google, tookMs } = await killAndStart(options, await kept(options));
    report(name, 'SIGKILL of the relay, 50 before, 50 + 20 after', { google }, 120, tookMs);
    expect(woken({ google })).toEqual(tokens(devices));
  });

  test(`${name}: what it gets while the server is stopped wakes after the restart, from a store`, async () => {
    const relay = keep(await start({}));
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const environment = { STORE: 'file', DATA_DIR: await tempDirectory() };
    const first = await setTableScene(relay, { google, environment });
    const devices = await registerDevices(first.server, 150);
    await relay.publish(missedEvents(devices.slice(0, 50)));
    await google.pushes.atLeast(50);
    await first.server.stop();
    await relay.publish([...strangersEvents(500), ...missedEvents(devices.slice(50))]);
    const begun = performance.now();
    await setTableScene(relay, { google, environment });
    await google.pushes.atLeast(150);
    report(
      name,
      'restart of the server, 50 before, 100 + 500 meanwhile',
      first,
      150,
      performance.now() - begun,
    );
    expect(woken(first)).toEqual(tokens(devices));
  });
}

function fewSubscriptions({ has, name, start, unstated = [1, 2, 3] }: TableOptions): void {
  const stated = has.has('stateSubscriptions') ? [1, 2, 3] : [];
  const cases = [
    ...stated.map((count) => ({ count, isStated: true })),
    ...unstated.map((count) => ({ count, isStated: false })),
  ];
  test.runIf(has.has('maxSubscriptions')).each(cases)(
    `${name} that allows $count subscriptions (stated: $isStated): 30 events wake live, and a gap of 50 devices among 200 events is recovered`,
    async ({ count, isStated }) => {
      const settings = { maxSubscriptions: count, ...(isStated && { stateSubscriptions: true }) };
      const scene = await setTableScene(keep(await start(settings)));
      const devices = await registerDevices(scene.server, 110);
      await scene.relay.publish(missedEvents(devices.slice(0, 30)));
      await scene.google.pushes.atLeast(30);
      const took = await missAndRecover(scene, devices.slice(30, 80), 200);
      await scene.relay.publish(missedEvents(devices.slice(80)));
      await scene.google.pushes.atLeast(110);
      report(
        name,
        `${count} subscriptions${isStated ? ', stated' : ''}, live 30, gap of 50 + 200, live 30`,
        scene,
        110,
        took,
      );
      expect(woken(scene)).toEqual(tokens(devices));
    },
  );
}
