import { expect, test, vi } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { TcpProxy } from '../../stand-ins/tcp-proxy.ts';
import { registerDevices, type Device } from './devices.ts';
import { missedEvents, strangersEvents } from './gap-events.ts';
import { keep } from './keep.ts';
import { swiftEvents } from './swift-events.ts';
import type { TestRelay } from './test-relay.ts';
import { startTestServer, type TestServer } from './test-server.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { BEATS_ARE_PUSHES, isLeftOut, MANY_DEVICES } from './wake-policy.ts';

const BEATS = isLeftOut(BEATS_ARE_PUSHES);
const MANY = isLeftOut(MANY_DEVICES);

/** A relay that the server reaches through a TCP proxy, which the test can cut. */
interface Line {
  readonly relay: TestRelay;
  readonly proxy: TcpProxy;
}

interface GapScene {
  readonly lines: readonly [Line, ...Line[]];
  readonly google: GoogleStandIn;
  readonly server: TestServer;
  /** The tokens that were woken so far, in alphabetical order. */
  readonly woken: () => string[];
}

async function layLine(start: () => Promise<TestRelay>): Promise<Line> {
  const relay = keep(await start());
  return { relay, proxy: keep(await TcpProxy.start(relay.port)) };
}

async function setGapScene(start: () => Promise<TestRelay>, relays: number): Promise<GapScene> {
  const lines = await Promise.all(Array.from({ length: relays }, () => layLine(start)));
  const google = keep(await GoogleStandIn.start({ tls: false }));
  const environment = { NOSTR_RELAYS: lines.map(({ proxy }) => proxy.url).join(',') };
  const server = keep(await startTestServer({ google, environment }));
  for (const { proxy } of lines) await untilLive(server, proxy);
  const woken = (): string[] => google.pushes.all.map(({ token }) => token).toSorted();
  return { lines: lines as [Line, ...Line[]], google, server, woken };
}

async function untilLive(server: TestServer, { port }: TcpProxy): Promise<void> {
  const series = `mostro_push_relay_subscriptions_live{relay="127.0.0.1:${port}"}`;
  await vi.waitFor(async () => expect(await server.metric(series)).toBe(2), {
    timeout: PATIENCE_MS,
    interval: 20,
  });
}

/** Waits until so many recoveries have ended with everything found. */
async function untilRecovered(server: TestServer, count: number): Promise<void> {
  const series = 'mostro_push_relay_recoveries_total{outcome="complete"}';
  await vi.waitFor(async () => expect(await server.metric(series)).toBeGreaterThanOrEqual(count), {
    timeout: PATIENCE_MS,
    interval: 20,
  });
}

function tokensOf(devices: readonly Device[]): string[] {
  return devices.map(({ token }) => token).toSorted();
}

/** Cuts the connection as a failing network does: open connections are reset, new ones refused. */
function cut({ proxy }: Line): void {
  proxy.refuse(true);
  proxy.reset();
}

/** The suite of gaps, for any relay that can be started: no relay may make the server lose a wake. */
export function gapSuite(name: string, start: () => Promise<TestRelay>): void {
  test.skipIf(BEATS || MANY)(
    `${name}: 1 000 gift wraps, back-dated over 48 hours, published at once: 1 000 wakes, each once`,
    async () => {
      const { lines, google, server, woken } = await setGapScene(start, 1);
      const devices = await registerDevices(server, 1000);
      const wraps = devices.map(({ key: recipient }, n) => ({ recipient, kind: 1059, ageSeconds: n * 172 }));
      await lines[0].relay.publish(swiftEvents(wraps));
      await google.pushes.atLeast(1000);
      expect(woken()).toEqual(tokensOf(devices));
    },
  );

  test.skipIf(BEATS)(
    `${name}: a gap in which 500 devices got an event each is recovered after the reconnection: 500 wakes, each once, and the next event wakes live`,
    async () => {
      const { lines, google, server, woken } = await setGapScene(start, 1);
      const [line] = lines;
      const devices = await registerDevices(server, 500);
      cut(line);
      await line.relay.publish(missedEvents(devices));
      const begun = performance.now();
      line.proxy.refuse(false);
      await google.pushes.atLeast(500);
      console.info(
        `${name}: 500 devices woken ${Math.round(performance.now() - begun)} ms after the reconnection`,
      );
      await untilRecovered(server, 2);
      expect(woken()).toEqual(tokensOf(devices));

      const [first] = devices as [Device];
      await line.relay.publish(missedEvents([first]));
      await google.pushes.atLeast(501);
      expect(woken()).toEqual([...tokensOf(devices), first.token].toSorted());
    },
  );

  test.skipIf(BEATS)(
    `${name}: a gap in which 500 devices got an event each and of which another relay delivered half meanwhile: only the missing ones wake`,
    async () => {
      const { lines, google, server, woken } = await setGapScene(start, 2);
      const [dark, lit] = lines as [Line, Line];
      const devices = await registerDevices(server, 500);
      const events = missedEvents(devices);
      cut(dark);
      await Promise.all([dark.relay.publish(events), lit.relay.publish(events.slice(0, 250))]);
      await google.pushes.atLeast(250);
      expect(woken()).toEqual(tokensOf(devices.slice(0, 250)));
      dark.proxy.refuse(false);
      await google.pushes.atLeast(500);
      await untilRecovered(server, 2);
      expect(woken()).toEqual(tokensOf(devices));
    },
  );

  test.skipIf(BEATS || MANY)(
    `${name}: a gap in which 500 devices got an event each among 5 000 events for strangers is recovered from a relay that gives 500 at once`,
    { timeout: PATIENCE_MS },
    async () => {
      const { lines, google, server, woken } = await setGapScene(start, 1);
      const [line] = lines;
      const devices = await registerDevices(server, 500);
      cut(line);
      await line.relay.publish([...strangersEvents(5000), ...missedEvents(devices)]);
      const begun = performance.now();
      line.proxy.refuse(false);
      await google.pushes.atLeast(500);
      console.info(`${name}: found among 5 000 in ${Math.round(performance.now() - begun)} ms`);
      await untilRecovered(server, 2);
      expect(woken()).toEqual(tokensOf(devices));
      expect(await server.metric('mostro_push_events_verified_total')).toBe(500);
    },
  );

  test.skipIf(BEATS)(
    `${name}: a device with many events in one gap is woken once, and by none of them again after the next gap`,
    async () => {
      const { lines, google, server, woken } = await setGapScene(start, 1);
      const [line] = lines;
      const [device, other] = (await registerDevices(server, 2)) as [Device, Device];
      cut(line);
      await line.relay.publish(missedEvents(Array.from({ length: 20 }, () => device)));
      line.proxy.refuse(false);
      await untilRecovered(server, 2);
      await google.pushes.atLeast(1);
      cut(line);
      await line.relay.publish(missedEvents([other]));
      line.proxy.refuse(false);
      await untilRecovered(server, 4);
      await google.pushes.atLeast(2);
      expect(woken()).toEqual([device.token, other.token]);
    },
  );

  test(`${name}: a line that goes dead without a word is noticed and replaced, and what came meanwhile wakes`, async () => {
    const relay = keep(await start());
    const proxy = keep(await TcpProxy.start(relay.port));
    const google = keep(await GoogleStandIn.start({ tls: false }));
    const environment = { NOSTR_RELAYS: proxy.url };
    const relayTiming = { pingIntervalMs: 100, pongTimeoutMs: 100 };
    const server = keep(await startTestServer({ google, environment, relayTiming }));
    await untilLive(server, proxy);
    const devices = await registerDevices(server, 10);
    proxy.freeze();
    await relay.publish(missedEvents(devices));
    await google.pushes.atLeast(10);
    expect(google.pushes.all.map(({ token }) => token).toSorted()).toEqual(tokensOf(devices));
  });
}
