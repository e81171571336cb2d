import type { NostrEvent } from 'nostr-tools/pure';
import { expect, vi } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { PATIENCE_MS } from '../../stand-ins/patience.ts';
import { TcpProxy } from '../../stand-ins/tcp-proxy.ts';
import type { Device } from './devices.ts';
import { missedEvents, strangersEvents } from './gap-events.ts';
import { keep } from './keep.ts';
import type { RelaySettings } from './relay-makes.ts';
import { relayLines } from './relay-lines.ts';
import { startTestServer, type TestServer, type TestServerOptions } from './test-server.ts';

export interface TableRelay extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Resolves when the relay has taken all of them. */
  publish(events: readonly NostrEvent[]): Promise<void>;
  /** Ends it as a power failure does. */
  kill(): Promise<void>;
}

export interface TableOptions {
  /** The relay's name and version. */
  readonly name: string;
  readonly start: (settings: RelaySettings) => Promise<TableRelay>;
  /** The settings that the relay has. */
  readonly has: ReadonlySet<keyof RelaySettings>;
  /** Among how many events for strangers the large gap is; 2 000 by default. */
  readonly strangers?: number;
  /** How many events of 6 kB a burst has. */
  readonly burst: number;
  /** How long the server stands still in the bursts, in milliseconds. */
  readonly standstills: readonly number[];
  /** Whether the relay drops events, without a word, if the server stands still for so long. */
  readonly drops?: boolean;
  /** Whether it compares stored events (NIP-77), or only says so; absent: neither. */
  readonly compares?: boolean;
  /** How many subscriptions the relay allows, beside those that it states. */
  readonly unstated?: readonly number[];
}

/** The server at one relay that the test can cut. */
export interface Scene {
  readonly relay: TableRelay;
  readonly proxy: TcpProxy;
  readonly server: TestServer;
  readonly google: GoogleStandIn;
}

export const LIVE = 'mostro_push_relay_subscriptions_live';
export const KINDS = 2;

export async function setTableScene(relay: TableRelay, options: TestServerOptions = {}): Promise<Scene> {
  const proxy = keep(await TcpProxy.start(relay.port));
  const google = options.google ?? keep(await GoogleStandIn.start({ tls: false }));
  const environment = { ...options.environment, NOSTR_RELAYS: proxy.url };
  const server = keep(await startTestServer({ ...options, google, environment }));
  await untilLive(server);
  return { relay, proxy, server, google };
}

/** Waits until both kinds are live and no gap is left. */
export async function untilLive(server: TestServer): Promise<void> {
  await vi.waitFor(
    async () => {
      const [line] = await relayLines(server);
      expect(line).toMatchObject({ state: 'live', recovering: [] });
      const { host } = new URL(line?.url ?? '');
      expect(await server.metric(`${LIVE}{relay="${host}"}`)).toBe(KINDS);
    },
    { timeout: PATIENCE_MS, interval: 20 },
  );
}

export function woken({ google }: Pick<Scene, 'google'>): string[] {
  return google.pushes.all.map(({ token }) => token).toSorted();
}

export function tokens(devices: readonly Device[]): string[] {
  return devices.map(({ token }) => token).toSorted();
}

/** Publishes while the line is cut. @returns how long after the reconnection all were woken, in milliseconds */
export async function missAndRecover(
  scene: Scene,
  devices: readonly Device[],
  strangers: number,
): Promise<number> {
  const { google, proxy, relay, server } = scene;
  const before = google.pushes.count;
  proxy.refuse(true);
  proxy.reset();
  await relay.publish([...strangersEvents(strangers), ...missedEvents(devices)]);
  const begun = performance.now();
  proxy.refuse(false);
  await google.pushes.atLeast(before + devices.length);
  const took = performance.now() - begun;
  await untilLive(server);
  return took;
}

/** What the table says of a case. */
export function report(
  name: string,
  what: string,
  scene: Pick<Scene, 'google'>,
  of: number,
  tookMs?: number,
): void {
  const all = scene.google.pushes.all.map(({ token }) => token);
  const took = tookMs === undefined ? '' : `, ${(tookMs / 1000).toFixed(1)} s`;
  console.info(`${name} | ${what} | ${new Set(all).size} of ${of} devices, ${all.length} wakes${took}`);
}
