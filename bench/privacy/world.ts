import { LEAVING_AT_ONCE } from '../../src/compose/policies.ts';
import { LANE_SIZES } from '../../src/compose/lane-sizes.ts';
import { Backoff } from '../../src/core/basics/backoff.ts';
import { DAY_MS, MINUTE_MS, SECOND_MS } from '../../src/core/basics/clock.ts';
import type { Delivery } from '../../src/core/lanes/delivery.ts';
import { DeliveryHealth } from '../../src/core/lanes/delivery-health.ts';
import { ProviderLanes } from '../../src/core/lanes/provider-lanes.ts';
import { PushLanes } from '../../src/core/lanes/push-lanes.ts';
import type { PushProvider } from '../../src/core/lanes/push-provider.ts';
import { RetryPolicy } from '../../src/core/lanes/retry-policy.ts';
import type { NostrEvent } from '../../src/core/nostr/nostr-event.ts';
import type { FcmTarget } from '../../src/core/registry/push-target.ts';
import { Registrations } from '../../src/core/registry/registrations.ts';
import { parseTradePubkey, type TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import type { Telemetry } from '../../src/core/telemetry/telemetry.ts';
import { Recovery, type EventOrigin } from '../../src/core/waking/recovery.ts';
import { Waker } from '../../src/core/waking/waker.ts';
import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { Chance } from './chance.ts';
import { DAY, type Market, type Step } from './market.ts';
import type { AttackedPolicy } from './policies.ts';
import type { PushLog } from './push-log.ts';
import { VirtualTime } from './virtual-time.ts';

/** The market begins at a midnight. */
const START_MS = Date.UTC(2026, 0, 1);
/** How long the carrier takes to answer. */
const ANSWER_MS = 80;
const LIFETIME = { ttlMs: 365 * DAY_MS, maxAgeMs: 365 * DAY_MS };

export interface WorldOptions {
  /** How long before the first event of its first key a device is registered, in seconds; absent if all are from the start. */
  readonly ahead?: number;
  /** What the carrier answers to a push; absent if it delivers every one. @param at in seconds */
  readonly answer?: (device: number, at: number) => Delivery;
}

/**
 * Sends a market through the program's own waker, policies and lanes, in virtual time. Events come in where the program has verified them.
 *
 * @returns what the carrier sees
 */
export async function pushesOf(
  market: Market,
  policy: AttackedPolicy,
  options: WorldOptions = {},
): Promise<PushLog> {
  const time = new VirtualTime(START_MS);
  const carrier = new Carrier(market.devices, time, options.answer);
  const { register, waker } = program(policy, time, carrier);
  const known = new Set<number>();
  const recoveries = new Map<number, Recovery>();
  const originOf = (number: number | undefined): EventOrigin => {
    if (number === undefined) return 'live';
    const recovery = recoveries.get(number) ?? new Recovery(() => undefined);
    recoveries.set(number, recovery);
    return recovery;
  };
  for (const happening of timeline(market, options.ahead)) {
    await time.passUntil(START_MS + happening.arrives * SECOND_MS);
    if ('device' in happening) {
      await register(pubkey(STANDING, happening.device), happening.device);
      continue;
    }
    const { isChat, key, recovery } = happening;
    const tradePubkey = pubkey(TRADE, key);
    if (!known.has(key)) await register(tradePubkey, market.deviceOf[key] ?? 0);
    known.add(key);
    if (isChat) await waker.announceChat(tradePubkey);
    else await take(waker, tradePubkey, originOf(recovery));
  }
  await time.passUntil(START_MS + market.days * DAY * SECOND_MS);
  return carrier.log;
}

/** What the program does with a verified event (`EventAdmission`). */
async function take(waker: Waker, tradePubkey: TradePubkey, origin: EventOrigin): Promise<void> {
  const wakes = await waker.wakesFor(eventFor(tradePubkey), origin);
  if (origin !== 'live' || !waker.areUnsent(wakes)) void waker.request(wakes, origin);
}

/** The program's parts from a verified event to a push. */
interface Parts {
  readonly waker: Waker;
  readonly register: (tradePubkey: TradePubkey, device: number) => Promise<void>;
}

function program(policy: AttackedPolicy, time: VirtualTime, carrier: Carrier): Parts {
  const { clock, schedule } = time;
  const registrations = new Registrations({
    store: new MemoryRegistrations({ capacity: 2_000_000 }),
    lifetime: LIFETIME,
    clock,
    monotonic: clock,
    mayExpire: () => true,
    ownership: true,
    telemetry: SILENCE,
  });
  const lanes = lanesTo(carrier, time, SILENCE);
  const chance = new Chance(1);
  const created = policy.create({
    schedule,
    clock,
    draw: (below) => chance.below(below),
    chance: () => chance.uniform(),
    registrations,
    wakeFor: (target) => waker.wakeFor(target),
    cover: (target) => waker.cover(target),
    hand: (wake) => lanes.request(wake),
    room: () => LEAVING_AT_ONCE.fcm - lanes.queued('fcm'),
  });
  const waker: Waker = new Waker({
    policy: created.policy,
    asked: created.asked,
    registrations,
    lanes,
    instances: { authors: new Set(), isInstance: () => false },
  });
  const register = async (tradePubkey: TradePubkey, device: number): Promise<void> => {
    const target = targetOf(device);
    await registrations.register(tradePubkey, target, 'android');
    created.enter?.(target);
  };
  return { waker, register };
}

/** A device is registered, and stays registered. */
interface Joining {
  readonly arrives: number;
  readonly device: number;
}

/** All that comes to the server, in its order. */
function timeline(market: Market, ahead = Infinity): (Step | Joining)[] {
  const first = new Map<number, number>();
  for (const { arrives, key } of market.steps) {
    const device = market.deviceOf[key] ?? 0;
    if (!first.has(device)) first.set(device, arrives);
  }
  const joining = Array.from({ length: market.devices }, (_, device) => ({
    device,
    arrives: Math.max(0, (first.get(device) ?? 0) - ahead),
  }));
  return [...joining, ...market.steps].toSorted((a, b) => a.arrives - b.arrives);
}

/** The carrier: it keeps the device and the time of each push. */
class Carrier implements PushProvider<FcmTarget> {
  readonly name = 'fcm';
  readonly log: PushLog & { readonly who: number[]; readonly when: number[] };
  readonly #time: VirtualTime;
  readonly #answer: WorldOptions['answer'];

  constructor(devices: number, time: VirtualTime, answer: WorldOptions['answer']) {
    this.log = { devices, who: [], when: [] };
    this.#time = time;
    this.#answer = answer;
  }

  send({ token }: FcmTarget): Promise<Delivery> {
    const device = Number(token.slice(TOKEN.length));
    const at = (this.#time.clock() - START_MS) / SECOND_MS;
    this.log.who.push(device);
    this.log.when.push(at);
    const delivery: Delivery = this.#answer?.(device, at) ?? { outcome: 'delivered' };
    return new Promise((answer) => this.#time.schedule(ANSWER_MS, () => answer(delivery)));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** The waits of retries are always the middle ones, so that a run can be repeated. */
const evenChance = (): number => 0.5;

function lanesTo(carrier: Carrier, { clock, schedule }: VirtualTime, telemetry: Telemetry): PushLanes {
  const fcm = new ProviderLanes({
    ...LANE_SIZES.fcm,
    provider: carrier,
    providerHealth: new DeliveryHealth(clock),
    laneOf: ({ type }) => type,
    retry: new RetryPolicy({ minMs: SECOND_MS, baseMs: SECOND_MS }, evenChance),
    createBreaker: () => new Backoff({ minMs: SECOND_MS, baseMs: SECOND_MS, maxMs: MINUTE_MS }, evenChance),
    startsSlowly: false,
    deadlineMs: 10 * MINUTE_MS,
    eviction: { confirmMs: 10 * MINUTE_MS, isGuarded: true },
    schedule,
    monotonic: clock,
    timeOfDay: clock,
    telemetry,
    onFault: (fault) => {
      throw fault;
    },
  });
  return new PushLanes({
    lanes: { fcm },
    closeProviders: () => carrier[Symbol.asyncDispose](),
    telemetry,
    monotonic: clock,
  });
}

function ignore(): void {
  // Nobody reads the counters and lines of a benchmark.
}

const SILENCE: Telemetry = {
  count: ignore,
  log: ignore,
  observe: ignore,
  trace: ignore,
  pseudonym: () => '',
};

const TOKEN = 'device-';

function targetOf(device: number): FcmTarget {
  return { type: 'fcm', token: `${TOKEN}${device}` };
}

const STANDING = 'e';
const TRADE = 'f';

/** The n-th of many trade keys. No event is ever for a standing one. */
function pubkey(prefix: string, n: number): TradePubkey {
  const parsed = parseTradePubkey(prefix + n.toString(16).padStart(63, '0'));
  if (parsed === undefined) throw new Error('no key');
  return parsed;
}

/** An event as the program has it once it is verified. */
function eventFor(tradePubkey: TradePubkey): NostrEvent {
  return { id: '', pubkey: '', created_at: 0, kind: 1059, tags: [['p', tradePubkey]], content: '', sig: '' };
}
