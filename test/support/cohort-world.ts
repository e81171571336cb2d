import { setImmediate } from 'node:timers/promises';

import { Backoff } from '../../src/core/basics/backoff.ts';
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../src/core/basics/clock.ts';
import { CohortBook } from '../../src/core/cohorts/cohort-book.ts';
import type { Delivery } from '../../src/core/lanes/delivery.ts';
import { DeliveryHealth } from '../../src/core/lanes/delivery-health.ts';
import { ProviderLanes } from '../../src/core/lanes/provider-lanes.ts';
import { RetryPolicy } from '../../src/core/lanes/retry-policy.ts';
import type { Wake, WakeEnd } from '../../src/core/lanes/wake.ts';
import { addressOf, type PushTarget } from '../../src/core/registry/push-target.ts';
import { Registrations } from '../../src/core/registry/registrations.ts';
import type { TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import { Cohorts } from '../../src/core/waking/cohorts.ts';
import { KeyWake, type KeyWakeContext } from '../../src/core/waking/key-wake.ts';
import { MemberRegistrations } from '../../src/core/waking/member-registrations.ts';
import { SlotEdges } from '../../src/core/waking/slot-edges.ts';
import { MemoryRegistrations } from '../../src/store/tables/memory-registrations.ts';
import { FakeCohortRecord, seededChance, SLOT_S } from './cohorts.ts';
import { FakeSchedule } from './fake-schedule.ts';
import { FakeTelemetry } from './fake-telemetry.ts';
import { fcmTarget, LIFETIME, tradeKey } from './registrations.ts';

export const MEMBERS = 8;
const KEYS_EACH = 3;
/** How long the push service takes for an answer, at least, and how much longer at most. */
const ANSWERS_IN_MS = { least: 20, spread: 80 };

/** One request to the push service. */
export interface SeenPush {
  readonly at: number;
  readonly device: number;
  /** Which of the requests for the device it is since the edge, from 0. */
  readonly attempt: number;
}

export interface CohortWorldOptions {
  readonly seed: number;
  /** Attempts under way at once: with fewer than a burst has wakes, most wakes wait in the lane. */
  readonly concurrency: number;
  readonly answer: (chance: () => number) => Delivery;
}

/**
 * A cohort of eight devices with three keys each, the program's own lanes and registrations, and a push service that sees every request.
 * Time and chance come from the test: two worlds with one seed draw the same.
 */
export class CohortWorld {
  readonly telemetry = new FakeTelemetry();
  readonly #options: CohortWorldOptions;
  readonly #time = new FakeSchedule();
  readonly #store = new MemoryRegistrations({ capacity: 1000 });
  readonly #record = new FakeCohortRecord();
  readonly #book: CohortBook;
  readonly #registrations: Registrations;
  readonly #lanes: ProviderLanes;
  readonly #context: KeyWakeContext;
  readonly #cohorts: Cohorts;
  readonly #chance: () => number;
  readonly #answers: () => number;
  #pushes: SeenPush[] = [];

  constructor(options: CohortWorldOptions) {
    this.#options = options;
    this.#chance = seededChance(options.seed);
    this.#answers = seededChance(options.seed + 1);
    this.#book = this.#createBook();
    this.#registrations = this.#createRegistrations();
    this.#lanes = this.#createLanes(seededChance(options.seed + 2));
    const [book, registrations] = [this.#book, this.#registrations];
    this.#context = {
      registrations: new MemberRegistrations({ registrations, book, turn: setImmediate }),
      owed: undefined,
      redirect: (wake) => this.#cohorts.request(wake),
    };
    this.#cohorts = this.#createCohorts();
  }

  /** Registers all devices. */
  async begin(): Promise<void> {
    for (let device = 0; device < MEMBERS; device++)
      for (const key of this.keysOf(device))
        await this.#registrations.register(key, fcmTarget(`${device}`), 'android');
    this.telemetry.lines.length = 0;
  }

  keysOf(device: number): readonly TradePubkey[] {
    return Array.from({ length: KEYS_EACH }, (_, n) => tradeKey(1 + device * KEYS_EACH + n));
  }

  /** An event for all keys of a device, and all that follows from it in one slot. @returns what the push service sees */
  async slot(device: number): Promise<readonly SeenPush[]> {
    this.#pushes = [];
    const ofKeys = { keys: this.keysOf(device), kind: 'silent_wake', priority: 'live' } as const;
    const since = this.#time.clock.now;
    const wake = new KeyWake(this.#context, { ...ofKeys, target: fcmTarget(`${device}`), since });
    void this.#cohorts.request(wake);
    await this.#time.advance(SLOT_S * SECOND_MS);
    return this.#pushes;
  }

  /** All that the log and the metrics have been told. */
  get told(): string {
    const { lines, timings, totals } = this.telemetry;
    return JSON.stringify([lines, timings, totals]);
  }

  #createBook(): CohortBook {
    return new CohortBook({
      record: this.#record,
      size: MEMBERS,
      capacity: 1000,
      sweepMs: HOUR_MS,
      clock: this.#time.clock.read,
      chance: this.#chance,
      isRegistered: (target) => this.#store.device(target).isRegistered,
      turn: setImmediate,
    });
  }

  #createRegistrations(): Registrations {
    const { read } = this.#time.clock;
    return new Registrations({
      store: this.#store,
      lifetime: LIFETIME,
      clock: read,
      monotonic: read,
      mayExpire: () => true,
      ownership: true,
      telemetry: this.telemetry,
      onKept: ({ target }, former) => this.#book.enter(target, 'fcm android', former),
      onRemoved: (device) => this.#book.leave(device),
    });
  }

  #createLanes(chance: () => number): ProviderLanes {
    const { clock, schedule } = this.#time;
    const waits = { minMs: SECOND_MS, baseMs: SECOND_MS };
    return new ProviderLanes({
      provider: {
        name: 'fcm',
        send: (target: PushTarget) => this.#send(target),
        [Symbol.asyncDispose]: async () => undefined,
      },
      concurrency: this.#options.concurrency,
      capacity: 1000,
      deadlineMs: 10 * MINUTE_MS,
      eviction: { confirmMs: 10 * MINUTE_MS, isGuarded: true },
      retry: new RetryPolicy(waits, chance),
      createBreaker: () => new Backoff({ ...waits, maxMs: MINUTE_MS }, chance),
      providerHealth: new DeliveryHealth(clock.read),
      laneOf: ({ type }) => type,
      startsSlowly: false,
      schedule,
      monotonic: clock.read,
      timeOfDay: clock.read,
      telemetry: this.telemetry,
      onFault: (fault) => {
        throw fault;
      },
    });
  }

  #createCohorts(): Cohorts {
    const { clock, schedule } = this.#time;
    const times = { clock: clock.read, monotonic: clock.read, schedule };
    return new Cohorts({
      edges: new SlotEdges({ slotMs: SLOT_S * SECOND_MS, offsetMs: 0, ...times }),
      schedule,
      draw: (below) => Math.floor(this.#chance() * below),
      hand: (wake: Wake): Promise<WakeEnd> => this.#lanes.request(wake),
      book: this.#book,
      record: this.#record,
      cover: (target) =>
        new KeyWake(this.#context, { target, kind: 'silent_wake', keys: [], priority: 'live' }),
    });
  }

  async #send(target: PushTarget): Promise<Delivery> {
    const { clock, schedule } = this.#time;
    const device = Number(addressOf(target));
    const attempt = this.#pushes.filter((push) => push.device === device).length;
    this.#pushes.push({ at: clock.now, device, attempt });
    const delivery = this.#options.answer(this.#answers);
    const waitMs = ANSWERS_IN_MS.least + Math.floor(this.#answers() * ANSWERS_IN_MS.spread);
    await new Promise<void>((resolve) => schedule(waitMs, resolve));
    return delivery;
  }
}
