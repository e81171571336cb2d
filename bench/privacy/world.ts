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
import { Waker } from '../../src/core/waking/waker.ts';
import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { Chance } from './chance.ts';
import { DAY, type Market } from './market.ts';
import type { AttackedPolicy } from './policies.ts';
import type { PushLog } from './push-log.ts';
import { VirtualTime } from './virtual-time.ts';

/** The market begins at a midnight. */
const START_MS = Date.UTC(2026, 0, 1);
/** How long the carrier takes to answer. */
const ANSWER_MS = 80;
const LIFETIME = { ttlMs: 365 * DAY_MS, maxAgeMs: 365 * DAY_MS };

/**
 * Sends a market through the program's own waker, policies and lanes, in virtual time. Events come in where the program has verified them.
 *
 * @returns what the carrier sees
 */
export async function pushesOf(market: Market, policy: AttackedPolicy): Promise<PushLog> {
  const time = new VirtualTime(START_MS);
  const carrier = new Carrier(market.devices, time);
  const telemetry = SILENCE;
  const registrations = new Registrations({
    store: new MemoryRegistrations({ capacity: 2_000_000 }),
    lifetime: LIFETIME,
    clock: time.clock,
    monotonic: time.clock,
    mayExpire: () => true,
    ownership: true,
    telemetry,
  });
  const lanes = lanesTo(carrier, time, telemetry);
  const chance = new Chance(1);
  const waker = new Waker({
    policy: policy.create({
      schedule: time.schedule,
      clock: time.clock,
      draw: (below) => chance.below(below),
      hand: (wake) => lanes.request(wake),
      room: () => LEAVING_AT_ONCE.fcm - lanes.queued('fcm'),
    }),
    registrations,
    lanes,
    instances: { authors: new Set(), isInstance: () => false },
  });
  // Each device was registered long before its first trade, and stays registered.
  for (let device = 0; device < market.devices; device++)
    await registrations.register(pubkey(STANDING, device), targetOf(device), 'android');
  const known = new Set<number>();
  for (const { arrives, isChat, key } of market.steps) {
    await time.passUntil(START_MS + arrives * SECOND_MS);
    const tradePubkey = pubkey(TRADE, key);
    if (!known.has(key)) {
      known.add(key);
      await registrations.register(tradePubkey, targetOf(market.deviceOf[key] ?? 0), 'android');
    }
    if (isChat) await waker.announceChat(tradePubkey);
    else void waker.request(await waker.wakesFor(eventFor(tradePubkey), 'live'), 'live');
  }
  await time.passUntil(START_MS + market.days * DAY * SECOND_MS);
  return carrier.log;
}

/** The carrier: it delivers everything, and keeps the time of each push. */
class Carrier implements PushProvider<FcmTarget> {
  readonly name = 'fcm';
  readonly log: PushLog & { readonly who: number[]; readonly when: number[] };
  readonly #time: VirtualTime;

  constructor(devices: number, time: VirtualTime) {
    this.log = { devices, who: [], when: [] };
    this.#time = time;
  }

  send({ token }: FcmTarget): Promise<Delivery> {
    this.log.who.push(Number(token.slice(TOKEN.length)));
    this.log.when.push((this.#time.clock() - START_MS) / SECOND_MS);
    return new Promise((answer) => this.#time.schedule(ANSWER_MS, () => answer({ outcome: 'delivered' })));
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function lanesTo(carrier: Carrier, { clock, schedule }: VirtualTime, telemetry: Telemetry): PushLanes {
  const fcm = new ProviderLanes({
    ...LANE_SIZES.fcm,
    provider: carrier,
    providerHealth: new DeliveryHealth(clock),
    laneOf: ({ type }) => type,
    retry: new RetryPolicy({ minMs: SECOND_MS, baseMs: SECOND_MS }),
    createBreaker: () => new Backoff({ minMs: SECOND_MS, baseMs: SECOND_MS, maxMs: MINUTE_MS }),
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
