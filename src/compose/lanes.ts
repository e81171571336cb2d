import type { CompositionParts } from './compose.ts';
import type { ProgramTime } from './time.ts';
import { Backoff } from '../core/basics/backoff.ts';
import { MINUTE_MS, SECOND_MS } from '../core/basics/clock.ts';
import { DeliveryHealth } from '../core/lanes/delivery-health.ts';
import type { Redirect } from '../core/waking/key-wake.ts';
import type { OwedDevices } from '../core/waking/owed-devices.ts';
import type { PushProvider } from '../core/lanes/push-provider.ts';
import { PushLane } from '../core/lanes/push-lane.ts';
import type { PushLaneOptions } from '../core/lanes/push-lane-options.ts';
import { PushLanes } from '../core/lanes/push-lanes.ts';
import type { PushTarget } from '../core/registry/push-target.ts';
import type { Registrations } from '../core/registry/registrations.ts';
import { RetryPolicy } from '../core/lanes/retry-policy.ts';
import type { Schedule } from '../core/basics/schedule.ts';
import { WatchedProvider } from '../core/lanes/watched-provider.ts';
import { DeferredProvider } from '../push/deferred-provider.ts';
import { loadClients } from '../push/load-clients.ts';
import { FcmProvider } from '../push/fcm/fcm-provider.ts';
import type { EndpointGuard } from '../push/unifiedpush/endpoint-guard.ts';
import { laneName } from '../push/unifiedpush/lane-name.ts';
import type { VapidIdentity } from '../push/unifiedpush/vapid-tokens.ts';

export type LaneSizes = Readonly<
  Record<
    PushTarget['type'],
    Pick<PushLaneOptions, 'capacity' | 'concurrency' | 'crowd' | 'mostHosts' | 'shares'>
  >
>;

const SIZES: LaneSizes = {
  // As many streams as Google's HTTP/2 servers allow on one session; five seconds' work at 4000 a second, some 5 MB.
  fcm: { concurrency: 100, capacity: 20_000 },
  // For each host: enough for 160 wakes a second to one that answers in 100 ms, and few enough sockets for any machine.
  unifiedpush: {
    concurrency: 16,
    capacity: 2000,
    // When many hosts are slow, no more sockets than these and one for each host, so that FCM, relays and clients have theirs.
    crowd: 1024,
    shares: {
      // Whoever owns no server can register 5000 dead ones. Together they get fewer sockets than those that deliver, and at most some
      // percent of a processor: an attempt takes about a millisecond.
      fallen: { atOnce: 256 },
      // A push server answers within a second as a rule. Where hosts that hang are in its way, it has its turn among 5000 within 20 seconds.
      fresh: { atOnce: 512, patienceMs: 2 * SECOND_MS },
      failing: { atOnce: 256, perSecond: 50, patienceMs: 5 * SECOND_MS },
    },
  },
};

export interface ComposedLanes {
  readonly fcm: FcmProvider | undefined;
  readonly lanes: PushLanes;
  /** How each provider has fared of late. */
  readonly health: Readonly<Record<PushTarget['type'], DeliveryHealth>>;
  /** Whether any provider that is switched on has what it needs to deliver. */
  readonly canDeliver: boolean;
  /** Loads the code of the push services' clients; the program cannot go on where that fails. */
  readonly load: () => Promise<void>;
  readonly isLoaded: () => boolean;
}

interface Shared {
  readonly time: ProgramTime;
  readonly schedule: Schedule;
  readonly guard: EndpointGuard;
  readonly vapid: VapidIdentity;
  readonly registrations: Registrations;
  readonly owed: OwedDevices | undefined;
  readonly redirect: Redirect;
  readonly onFault: (fault: unknown) => void;
}

/** The ways to the push services, each with its provider. */
export function composeLanes(parts: CompositionParts, shared: Shared): ComposedLanes {
  const { config, telemetry } = parts;
  const { guard, time, vapid } = shared;
  const { clock, monotonic } = time;
  const health = {
    fcm: new DeliveryHealth(clock, monotonic),
    unifiedpush: new DeliveryHealth(clock, monotonic),
  };
  const fcm = createFcm(parts, time);
  const unifiedPush = config.unifiedPush.enabled
    ? new DeferredProvider('unifiedpush', async () => {
        const { UnifiedPushProvider } = await import('../push/unifiedpush/unifiedpush-provider.ts');
        return new UnifiedPushProvider({ guard, vapid, clock, monotonic, telemetry });
      })
    : undefined;
  const providers: Partial<Record<PushTarget['type'], PushProvider>> = {
    ...(fcm && { fcm: new WatchedProvider(fcm, { health: health.fcm, telemetry, clock: monotonic }) }),
    ...(unifiedPush && {
      unifiedpush: new WatchedProvider(unifiedPush, {
        health: health.unifiedpush,
        telemetry,
        clock: monotonic,
      }),
    }),
  };
  const create = laneFactory(parts, shared);
  const lanes = new PushLanes({
    lanes: {
      ...(providers.fcm && { fcm: create(providers.fcm, false) }),
      ...(providers.unifiedpush && { unifiedpush: create(providers.unifiedpush, true) }),
    },
    owed: shared.owed,
    closeProviders: async () => {
      await Promise.all(Object.values(providers).map((provider) => provider[Symbol.asyncDispose]()));
    },
    telemetry,
  });
  let isLoaded = false;
  const load = async (): Promise<void> => {
    await Promise.all([loadClients(), unifiedPush?.load()]);
    isLoaded = true;
  };
  const canDeliver = Object.keys(providers).length > 0;
  return { fcm, lanes, health, canDeliver, load, isLoaded: () => isLoaded };
}

function laneFactory(
  { config, telemetry, laneSizes }: CompositionParts,
  { time, owed, redirect, registrations, schedule, onFault }: Shared,
): (provider: PushProvider, startsSlowly: boolean) => PushLane {
  const retry = new RetryPolicy(config.wakes.retry);
  return (provider, startsSlowly) =>
    new PushLane({
      ...(laneSizes?.[provider.name] ?? SIZES[provider.name]),
      hostOf: nameOf,
      provider,
      retry,
      createBreaker: () => new Backoff({ ...config.wakes.retry, maxMs: MINUTE_MS }),
      startsSlowly,
      deadlineMs: config.wakes.deadlineMs,
      eviction: { confirmMs: config.wakes.goneConfirmMs, isGuarded: provider.name !== 'unifiedpush' },
      consequences: registrations,
      redirect,
      owed,
      schedule,
      clock: time.monotonic,
      timeOfDay: time.clock,
      telemetry,
      onFault,
    });
}

function nameOf(target: PushTarget): string {
  return target.type === 'fcm' ? target.type : laneName(target.endpoint);
}

function createFcm(
  { config, readServiceAccount, serviceAccount, telemetry }: CompositionParts,
  { clock, monotonic, onGoogleDate: onDate }: ProgramTime,
): FcmProvider | undefined {
  if (!config.fcm.enabled || serviceAccount === undefined) return undefined;
  const { baseUrl, payloadMode } = config.fcm;
  return new FcmProvider({
    account: serviceAccount,
    readAccount: readServiceAccount,
    baseUrl,
    payloadMode,
    clock,
    monotonic,
    telemetry,
    onDate,
  });
}
