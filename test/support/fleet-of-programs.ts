import { createHash } from 'node:crypto';

import { expect } from 'vitest';

import { GoogleStandIn } from '../../stand-ins/google-stand-in.ts';
import { RelayStandIn } from '../../stand-ins/relay-stand-in.ts';
import { generatePrivateKey } from '../../src/crypto/server-key.ts';
import { post } from './http.ts';
import { keep } from './keep.ts';
import { readMetric } from './metrics-page.ts';
import { googleEnvironment, serve, type RunningProgram } from './program.ts';
import { EngineServer } from './redis-engine.ts';
import { swiftEvents } from './swift-events.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface FleetOptions {
  readonly servers: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** How long FCM waits before it answers a message, in milliseconds. */
  readonly latencyMs?: number;
  /** Whether the engine writes every change to its file. */
  readonly isLogged?: boolean;
  /** Whether the engine has a replica. */
  readonly hasReplica?: boolean;
}

/** A server of the fleet: the real program in its own process. */
export interface FleetProgram extends RunningProgram {
  /** The relay that only this server listens to. */
  readonly ownRelay: RelayStandIn;
  /** Its way to the engine. */
  readonly wire: TcpProxy;
  /** Its way to the relay that all servers listen to. */
  readonly sight: TcpProxy;
  readonly metric: (series: string) => Promise<number>;
}

/** A fleet of real programs, with an engine, Google, a relay that all of them listen to, and one relay for each alone. It ends with the test. */
export interface FleetOfPrograms {
  readonly engine: EngineServer;
  readonly replica: EngineServer | undefined;
  readonly google: GoogleStandIn;
  readonly relay: RelayStandIn;
  readonly servers: FleetProgram[];
  /** What its servers need, and the engine's own address. */
  readonly environment: Readonly<Record<string, string>>;
  /** Starts one more server, and waits until it listens. @param version another version of the program (`nextVersion`) */
  readonly join: (version?: readonly string[]) => Promise<FleetProgram>;
}

export async function fleetOfPrograms(options: FleetOptions): Promise<FleetOfPrograms> {
  const engine = await EngineServer.start(options.isLogged === true ? { appendOnly: true } : {});
  const replica = options.hasReplica === true ? await EngineServer.start({ replicaOf: engine }) : undefined;
  const relay = keep(await RelayStandIn.start());
  const google = keep(await GoogleStandIn.start({ latencyMs: options.latencyMs ?? 0 }));
  const shared = {
    ...(await googleEnvironment(google)),
    SERVER_PRIVATE_KEY: generatePrivateKey(),
    STORE: 'redis',
    BATCH_DELAY_MS: '0',
    COOLDOWN_MS: '0',
    RETRY_MIN_MS: '10',
    RETRY_BASE_MS: '10',
    ...options.environment,
  };
  const servers: FleetProgram[] = [];
  const start = async (version?: readonly string[]): Promise<FleetProgram> => {
    const ownRelay = keep(await RelayStandIn.start());
    const wire = await TcpProxy.start(engine.port);
    const sight = await TcpProxy.start(relay.port);
    const environment = {
      ...shared,
      NOSTR_RELAYS: `ws://127.0.0.1:${sight.port},${ownRelay.url}`,
      REDIS_URL: engine.url({ port: wire.port }),
    };
    const running = await serve(environment, undefined, version);
    await Promise.all([ownRelay.subscribed(14), ownRelay.subscribed(1059)]);
    const metric = async (series: string): Promise<number> =>
      readMetric(await (await fetch(`${running.adminUrl}/metrics`)).text(), series);
    return { ...running, ownRelay, wire, sight, metric };
  };
  const joined = async (started: readonly FleetProgram[]): Promise<void> => {
    servers.push(...started);
    await Promise.all([14, 1059].map((kind) => relay.subscribed(kind, servers.length)));
  };
  const join = async (version?: readonly string[]): Promise<FleetProgram> => {
    const server = await start(version);
    await joined([server]);
    return server;
  };
  await joined(await Promise.all(Array.from({ length: options.servers }, () => start())));
  // Each knows all others: until then it takes their devices for its own.
  for (const { metric } of servers)
    await expect.poll(() => metric('mostro_push_fleet_servers')).toBe(options.servers);
  // All servers have spoken: the time of grace that a new engine begins with need not be waited for.
  for (const key of (await engine.command('KEYS', '*:g')) as string[]) await engine.command('DEL', key);
  return {
    engine,
    replica,
    google,
    relay,
    servers,
    environment: { ...shared, REDIS_URL: engine.url() },
    join,
  };
}

/** Registers a device for the key at this server. */
export function register(
  { apiUrl }: Pick<RunningProgram, 'apiUrl'>,
  tradePubkey: string,
  token: string,
): ReturnType<typeof post> {
  return post(`${apiUrl}/api/register`, { trade_pubkey: tradePubkey, token, platform: 'android' });
}

/** The key of device n, and the token of that device. */
export const keyOf = (n: number): string => createHash('sha256').update(`key ${n}`).digest('hex');
export const tokenOf = (n: number): string => `token-of-device-${n}`;

/** Registers devices 0 to `count` less one, each at another server than the one before. Resolves when all servers know all of them. */
export async function registerAll({ servers }: FleetOfPrograms, count: number): Promise<void> {
  const one = async (n: number): Promise<void> => {
    const server = servers[n % servers.length] as FleetProgram;
    // On a busy machine the engine may not answer in time. Then a client tries again, but not at once: that would keep the machine busy.
    const status = async (): Promise<number> => (await register(server, keyOf(n), tokenOf(n))).status;
    await expect.poll(status, { interval: 200 }).not.toBe(503);
  };
  for (let from = 0; from < count; from += 100)
    await Promise.all(Array.from({ length: Math.min(100, count - from) }, (_, n) => one(from + n)));
  for (const { metric } of servers)
    await expect.poll(() => metric('mostro_push_registrations{platform="android"}')).toBe(count);
}

/** A genuine event for each of the devices from `from` on. */
export function eventsFor(count: number, from = 0): ReturnType<typeof swiftEvents> {
  return swiftEvents(
    Array.from({ length: count }, (_, n) => ({ recipient: keyOf(from + n), kind: 14, ageSeconds: 0 })),
  );
}

/** How often each of the devices 0 to `count` less one was woken. */
export function countsOf({ google }: FleetOfPrograms, count: number): number[] {
  const all = new Map<string, number>();
  for (const { token } of google.pushes.all) all.set(token, (all.get(token) ?? 0) + 1);
  return Array.from({ length: count }, (_, n) => all.get(tokenOf(n)) ?? 0);
}

/** Resolves when so many devices have been woken. */
export async function allWoken({ google }: FleetOfPrograms, count: number): Promise<void> {
  const woken = new Set<string>();
  const isFirst = ({ token }: { token: string }): boolean => !woken.has(token) && woken.add(token).size > 0;
  await google.pushes.atLeast(count, { where: isFirst });
}
