import { LANE_SIZES } from './lane-sizes.ts';
import type { CompositionOptions, CompositionOverrides } from './options.ts';
import type { ProgramTime } from './time.ts';
import { Backoff } from '../core/basics/backoff.ts';
import { unreachable } from '../core/basics/unreachable.ts';
import { MINUTE_MS } from '../core/basics/clock.ts';
import { DeliveryHealth } from '../core/lanes/delivery-health.ts';
import type { PushProvider } from '../core/lanes/push-provider.ts';
import { ProviderLanes } from '../core/lanes/provider-lanes.ts';
import { PushLanes } from '../core/lanes/push-lanes.ts';
import type { PushService, PushTarget, UnifiedPushTarget } from '../core/registry/push-target.ts';
import type { SharedPauses } from '../core/lanes/shared-pauses.ts';
import { RetryPolicy } from '../core/lanes/retry-policy.ts';
import { userAgent } from '../lib/user-agent.ts';
import type { WayOut } from '../net/way-out.ts';
import { DeferredProvider } from '../push/deferred-provider.ts';
import { loadClients } from '../push/load-clients.ts';
import { FcmProvider } from '../push/fcm/fcm-provider.ts';
import type { EndpointGuard } from '../push/unifiedpush/endpoint-guard.ts';
import { laneName } from '../push/unifiedpush/lane-name.ts';
import type { VapidIdentity } from '../push/unifiedpush/vapid-tokens.ts';

export interface ComposedLanes {
  readonly fcm: FcmProvider | undefined;
  readonly lanes: PushLanes;
  /** The recent successes and failures of each push service. */
  readonly health: Readonly<Record<PushService, DeliveryHealth>>;
  /** Whether at least one push service is enabled and has its credentials. */
  readonly canDeliver: boolean;
  /** Loads the code of the push services' clients. If that fails, the program cannot go on. */
  readonly load: () => Promise<void>;
  readonly isLoaded: () => boolean;
}

interface Shared {
  readonly time: ProgramTime;
  readonly guard: EndpointGuard;
  readonly wayOut: WayOut;
  readonly vapid: VapidIdentity;
  readonly previousVapid: VapidIdentity | undefined;
  /** The pauses of the fleet's lanes; absent if this server is alone. */
  readonly pauses: SharedPauses | undefined;
  readonly onFault: (fault: unknown) => void;
}

/**
 * Whether strangers run the push servers of a service. Such a server must first prove that it delivers. If it calls many devices gone, that
 * is no sign of a wrong configuration here, as it is at FCM.
 */
const HAS_STRANGERS_HOSTS: Readonly<Record<PushService, boolean>> = { fcm: false, unifiedpush: true };

/** The providers that are switched on and have what they need, and their lanes. */
export function composeLanes(
  options: CompositionOptions,
  overrides: CompositionOverrides,
  shared: Shared,
): ComposedLanes {
  const { telemetry } = options;
  const { clock, monotonic } = shared.time;
  const health: Readonly<Record<PushService, DeliveryHealth>> = {
    fcm: new DeliveryHealth(clock, monotonic),
    unifiedpush: new DeliveryHealth(clock, monotonic),
  };
  const fcm = createFcm(options, shared.time, shared.wayOut);
  const unifiedPush = createUnifiedPush(options, shared);
  const found: Readonly<Record<PushService, PushProvider | undefined>> = { fcm, unifiedpush: unifiedPush };
  const providers = Object.values(found).filter((provider) => provider !== undefined);
  const lanes = new PushLanes({
    lanes: Object.fromEntries(
      providers.map((provider) => [
        provider.name,
        createLanes(options, overrides, shared, provider, health[provider.name]),
      ]),
    ),
    closeProviders: async () => {
      await Promise.all(providers.map((provider) => provider[Symbol.asyncDispose]()));
    },
    telemetry,
    monotonic: shared.time.passing,
    pauses: shared.pauses,
  });
  let isLoaded = false;
  const load = async (): Promise<void> => {
    await Promise.all([loadClients(), unifiedPush?.load()]);
    isLoaded = true;
  };
  const canDeliver = providers.length > 0;
  return { fcm, lanes, health, canDeliver, load, isLoaded: () => isLoaded };
}

function createLanes(
  { config, telemetry }: CompositionOptions,
  { laneSizes }: CompositionOverrides,
  { onFault, pauses, time }: Shared,
  provider: PushProvider,
  providerHealth: DeliveryHealth,
): ProviderLanes {
  const { minMs, baseMs } = config.wakes.retry;
  const sizes = laneSizes?.[provider.name] ?? LANE_SIZES[provider.name];
  return new ProviderLanes({
    pauses,
    capacity: sizes.capacity,
    concurrency: sizes.concurrency,
    crowd: sizes.crowd,
    mostLanes: sizes.mostLanes,
    shares: sizes.shares,
    laneOf,
    provider,
    providerHealth,
    retry: new RetryPolicy(config.wakes.retry),
    createBreaker: () => new Backoff({ minMs, baseMs, maxMs: MINUTE_MS }),
    startsSlowly: HAS_STRANGERS_HOSTS[provider.name],
    deadlineMs: config.wakes.deadlineMs,
    eviction: { confirmMs: config.wakes.goneConfirmMs, isGuarded: !HAS_STRANGERS_HOSTS[provider.name] },
    schedule: time.schedule,
    monotonic: time.monotonic,
    timeOfDay: time.clock,
    telemetry,
    onFault,
  });
}

/** The name of the device's lane. */
export function laneOf(target: PushTarget): string {
  switch (target.type) {
    case 'fcm':
      return target.type;
    case 'unifiedpush':
      return laneName(target.endpoint);
    default:
      return unreachable(target);
  }
}

function createFcm(
  { config, readServiceAccount, serviceAccount, telemetry, version }: CompositionOptions,
  { clock, monotonic, onGoogleDate: onDate }: ProgramTime,
  wayOut: WayOut,
): FcmProvider | undefined {
  if (!config.fcm.enabled || serviceAccount === undefined) return undefined;
  const { baseUrl, dataType, payloadMode } = config.fcm;
  return new FcmProvider({
    account: serviceAccount,
    readAccount: readServiceAccount,
    baseUrl,
    wording: { mode: payloadMode, dataType },
    clock,
    monotonic,
    userAgent: userAgent(version),
    wayOut,
    telemetry,
    onDate,
  });
}

function createUnifiedPush(
  { config, telemetry, version }: CompositionOptions,
  { guard, previousVapid, time, vapid, wayOut }: Shared,
): DeferredProvider<UnifiedPushTarget> | undefined {
  const { enabled, notice } = config.unifiedPush;
  if (!enabled) return undefined;
  return new DeferredProvider('unifiedpush', async () => {
    const { UnifiedPushProvider } = await import('../push/unifiedpush/unifiedpush-provider.ts');
    return new UnifiedPushProvider({
      guard,
      wayOut,
      vapid,
      previousVapid,
      notice,
      clock: time.clock,
      monotonic: time.monotonic,
      userAgent: userAgent(version),
      telemetry,
    });
  });
}
