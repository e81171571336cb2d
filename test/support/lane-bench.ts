import { Backoff } from '../../src/core/basics/backoff.ts';
import { MINUTE_MS } from '../../src/core/basics/clock.ts';
import type { Delivery } from '../../src/core/lanes/delivery.ts';
import { DeliveryHealth } from '../../src/core/lanes/delivery-health.ts';
import { Lane } from '../../src/core/lanes/lane.ts';
import { ProviderLanes } from '../../src/core/lanes/provider-lanes.ts';
import type { ProviderLanesOptions } from '../../src/core/lanes/provider-lanes.ts';
import { addressOf, type PushTarget } from '../../src/core/registry/push-target.ts';
import { RetryPolicy } from '../../src/core/lanes/retry-policy.ts';
import type { TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import type { Whereabouts } from '../../src/core/registry/whereabouts.ts';
import type { WakeEnd } from '../../src/core/lanes/wake.ts';
import { KeyWake, type KeyWakeContext, type KeyWakeOptions } from '../../src/core/waking/key-wake.ts';
import type { FakeClock } from './fake-clock.ts';
import { FakeProvider, type Attempt } from './fake-provider.ts';
import { FakeSchedule } from './fake-schedule.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { fcmTarget, tradeKey } from './registrations.ts';
import { settled } from './settled.ts';

export const DELIVERED: Delivery = { outcome: 'delivered' };
export const GONE: Delivery = { outcome: 'gone' };
export const FAILED: Delivery = { outcome: 'retry', reason: 'http_503' };
export const THROTTLED: Extract<Delivery, { outcome: 'retry' }> = {
  outcome: 'retry',
  reason: 'http_429',
  throttled: true,
};
/** ntfy's 507: this topic has no subscriber. */
export const UNHEARD: Delivery = { ...THROTTLED, reason: 'http_507', concerns: 'device' };
export const REFUSED: Delivery = { outcome: 'refused', reason: 'http_400', blames: 'device' };
/** FCM's `THIRD_PARTY_AUTH_ERROR`: the APNs key of the project is refused. */
export const APNS_REFUSED: Delivery = {
  outcome: 'refused',
  reason: 'third_party_auth',
  blames: 'platform',
};
export const MISCONFIGURED: Delivery = { outcome: 'refused', reason: 'http_403', blames: 'provider' };

/** `RETRY_MIN_MS` and `RETRY_BASE_MS` of the lane benches. Their random number is always 0. */
export const RETRY_MIN_MS = 1000;
/** `GONE_CONFIRM_SECONDS` of the benches. */
export const CONFIRM_MS = 10 * MINUTE_MS;
const noChance = (): number => 0;
export const retry = new RetryPolicy({ minMs: RETRY_MIN_MS, baseMs: 1000 }, noChance);

/** A lane without any work. */
export function idleLane(): Lane {
  const { clock } = new FakeSchedule();
  return new Lane('lane', {
    createBreaker: () => new Backoff({ minMs: 1000, baseMs: 1000, maxMs: MINUTE_MS }, noChance),
    retry,
    startsSlowly: false,
    eviction: { confirmMs: CONFIRM_MS, isGuarded: true },
    provider: 'fcm',
    telemetry: new FakeTelemetry(),
    monotonic: clock.read,
  });
}

/** Registrations that never change, and no record of owed wakes. */
const QUIET: KeyWakeContext = {
  registrations: {
    renew: async () => undefined,
    evict: async () => undefined,
    whereabouts: async (target) => ({ here: target, elsewhere: [] }),
  },
  owed: undefined,
  redirect: async () => 'sent',
};

/** A wake for the device with this token: a live relay wake for key 1 whose registrations never change, unless told otherwise. */
export function keyWake(
  token: string,
  parts: Partial<KeyWakeOptions> = {},
  context: Partial<KeyWakeContext> = {},
): KeyWake {
  const target = fcmTarget(token);
  const usual = { target, kind: 'silent_wake', keys: [tradeKey(1)], priority: 'live' } as const;
  return new KeyWake({ ...QUIET, ...context }, { ...usual, ...parts });
}

export interface LaneBench {
  readonly lanes: ProviderLanes;
  readonly clock: FakeClock;
  readonly schedule: FakeSchedule;
  readonly provider: FakeProvider;
  readonly telemetry: FakeTelemetry;
  readonly faults: unknown[];
  /** Addresses of the devices that were evicted. */
  readonly evicted: string[];
  /** Addresses of the devices that no registration points at any more. */
  readonly unwanted: Set<string>;
  /** The tokens that keys were registered with after their first registration. */
  readonly moved: Map<TradePubkey, string>;
  /** Wakes that went to another device, because their key moved. */
  readonly redirected: KeyWake[];
  /** The keys of every renewal. */
  readonly renewed: string[][];
  readonly ask: (token: string, parts?: Partial<KeyWakeOptions>) => Promise<WakeEnd>;
  /** Answers every attempt under way, and waits until everything that follows without time passing has happened. */
  readonly answer: (delivery: Delivery, token?: string) => Promise<void>;
  /** Tokens of the attempts under way. */
  readonly underWay: () => string[];
  /** Tokens of all attempts, in their order. */
  readonly tried: () => string[];
}

/** A lane whose time, chance, provider and registrations are the test's. */
export function laneBench(
  options: Partial<ProviderLanesOptions> = {},
  context: Partial<KeyWakeContext> = {},
): LaneBench {
  const schedule = new FakeSchedule();
  const { clock } = schedule;
  const telemetry = new FakeTelemetry();
  const provider = new FakeProvider();
  const evicted: string[] = [];
  const unwanted = new Set<string>();
  /** Evicted, and not looked up since. The first lookup finds nothing; after it the device counts as registered again. */
  const unknown = new Set<string>();
  const moved = new Map<TradePubkey, string>();
  const redirected: KeyWake[] = [];
  const whereaboutsOf = (target: PushTarget, keys: readonly TradePubkey[]): Whereabouts => {
    const isGone = unwanted.has(addressOf(target)) || unknown.delete(addressOf(target));
    const isHere = (key: TradePubkey): boolean => !moved.has(key) && !isGone;
    const elsewhere = keys.flatMap((key) => {
      const token = moved.get(key);
      return token === undefined || token === addressOf(target)
        ? []
        : [{ target: fcmTarget(token), keys: [key] }];
    });
    const isAny = keys.some((key) => isHere(key) || moved.get(key) === addressOf(target));
    return { here: isAny ? target : undefined, elsewhere };
  };
  const renewed: string[][] = [];
  const faults: unknown[] = [];
  const answered = new Set<Attempt>();
  const lanes = new ProviderLanes({
    provider,
    concurrency: 100,
    capacity: 1000,
    deadlineMs: 10 * MINUTE_MS,
    eviction: { confirmMs: CONFIRM_MS, isGuarded: true },
    retry,
    createBreaker: () => new Backoff({ minMs: 1000, baseMs: 1000, maxMs: MINUTE_MS }, noChance),
    providerHealth: new DeliveryHealth(clock.read),
    laneOf: ({ type }) => type,
    startsSlowly: false,
    schedule: schedule.schedule,
    monotonic: clock.read,
    timeOfDay: clock.read,
    telemetry,
    onFault: (fault) => faults.push(fault),
    ...options,
  });
  const own: KeyWakeContext = {
    registrations: {
      renew: async (_target, keys) => void renewed.push([...keys]),
      evict: async (target) => {
        evicted.push(addressOf(target));
        unknown.add(addressOf(target));
      },
      whereabouts: async (target, keys) => whereaboutsOf(target, [...keys]),
    },
    owed: undefined,
    redirect: (wake) => (redirected.push(wake), lanes.request(wake)),
    ...context,
  };
  const open = (): Attempt[] => provider.attempts.all.filter((attempt) => !answered.has(attempt));
  return {
    lanes,
    clock,
    schedule,
    provider,
    telemetry,
    faults,
    evicted,
    unwanted,
    moved,
    redirected,
    renewed,
    ask: (token, parts) => lanes.request(keyWake(token, parts, own)),
    async answer(delivery, token) {
      for (const attempt of open()) {
        if (token !== undefined && attempt.target.token !== token) continue;
        answered.add(attempt);
        attempt.answer(delivery);
      }
      await settled();
    },
    underWay: () => open().map(({ target }) => target.token),
    tried: () => provider.attempts.all.map(({ target }) => target.token),
  };
}
