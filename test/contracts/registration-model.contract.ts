import fc from 'fast-check';
import { expect, test } from 'vitest';

import { HOUR_MS, MINUTE_MS } from '../../src/core/basics/clock.ts';
import type { PutResult, RegistrationStore } from '../../src/core/registry/registration-store.ts';
import {
  isSameAddress,
  isSameDevice,
  renewedTarget,
  type PushTarget,
  type UnifiedPushTarget,
} from '../../src/core/registry/push-target.ts';
import { expiryOf, type Registration } from '../../src/core/registry/registration.ts';
import type { TradePubkey } from '../../src/core/registry/trade-pubkey.ts';
import { fcmTarget, LIFETIME, tradeKey, unifiedPushTarget, webPushTarget } from '../support/registrations.ts';
import type { CreateRegistrationStore } from './registration-store.contract.ts';

/** A store as simple as it can be: one list, oldest registration first. */
class NaiveStore {
  list: Registration[] = [];

  put(registration: Registration, capacity: number): PutResult {
    const { tradePubkey, registeredAt } = registration;
    const former = this.list.find((one) => one.tradePubkey === tradePubkey);
    const owned = former?.signed === true && former.expiresAt > registeredAt && !registration.signed;
    let result: PutResult = 'stored';
    if ((former === undefined || owned) && this.list.length >= capacity) {
      const oldest = this.#displaceable(registration);
      if (oldest === undefined) return 'full';
      if (!owned) this.#keep((one) => one !== oldest);
      result = 'displaced';
    }
    if (owned) return 'owned';
    const target = former ? renewedTarget(former.target, registration.target) : registration.target;
    this.#keep((one) => one.tradePubkey !== tradePubkey);
    this.list.push({ ...registration, target, woken: registration.woken || former?.woken === true });
    return result;
  }

  /** A registration as a store returns it: it says whether other Web Push keys are registered for its endpoint. */
  find(tradePubkey: TradePubkey): Registration | undefined {
    const found = this.list.find((one) => one.tradePubkey === tradePubkey);
    if (found === undefined || !hasKeys(found.target)) return found;
    const isShared = this.list.some(
      ({ target }) =>
        hasKeys(target) && isSameAddress(target, found.target) && !isSameDevice(target, found.target),
    );
    return isShared ? { ...found, target: { ...found.target, sharesEndpoint: true } } : found;
  }

  renew(tradePubkey: TradePubkey, target: PushTarget, now: number): void {
    this.list = this.list.map((one) =>
      one.tradePubkey === tradePubkey && isSameDevice(one.target, target)
        ? Object.assign({}, one, { woken: true, expiresAt: expiryOf(one.registeredAt, now, LIFETIME) })
        : one,
    );
  }

  remove(tradePubkey: TradePubkey, signed: boolean, now: number): boolean {
    const isSafe = (one: Registration): boolean => one.signed && one.expiresAt > now && !signed;
    const former = this.list.find((one) => one.tradePubkey === tradePubkey);
    const gone = this.#keep((one) => one.tradePubkey !== tradePubkey || isSafe(one)) > 0;
    return gone && former !== undefined && former.expiresAt > now;
  }

  forget(target: PushTarget): number {
    return this.#keep((one) => !isSameDevice(one.target, target));
  }

  sweep(now: number): number {
    return this.#keep((one) => one.expiresAt > now);
  }

  /** The oldest registration that may be displaced, of the network with the most registrations. That network has at least as many as the newcomer's. */
  #displaceable({ network, registeredAt }: Registration): Registration | undefined {
    const held = (one: number | undefined): number =>
      this.list.filter((other) => other.network === one).length;
    const [first] = this.list
      .filter(({ woken, signed }) => !woken && !signed)
      .filter((one) => registeredAt - one.registeredAt > 10 * MINUTE_MS)
      .toSorted((a, b) => held(b.network) - held(a.network) || a.registeredAt - b.registeredAt);
    return first !== undefined && held(first.network) >= held(network) ? first : undefined;
  }

  /** @returns how many went */
  #keep(keeps: (one: Registration) => boolean): number {
    const before = this.list.length;
    this.list = this.list.filter(keeps);
    return before - this.list.length;
  }
}

function hasKeys(target: PushTarget): target is UnifiedPushTarget {
  return target.type === 'unifiedpush' && target.keys !== undefined;
}

const CAPACITY = 5;
const KEYS = Array.from({ length: 9 }, (_, n) => tradeKey(n));
const TARGETS = [
  fcmTarget('a'),
  fcmTarget('b'),
  unifiedPushTarget('a'),
  webPushTarget('a', 1),
  webPushTarget('a', 2),
  webPushTarget('b', 1),
];

const key = fc.constantFrom(...KEYS);
const target = fc.constantFrom<PushTarget[]>(...TARGETS);
const passes = fc.constantFrom(0, 1, 3 * MINUTE_MS, 11 * MINUTE_MS, 20 * HOUR_MS);
const platform = fc.constantFrom('android' as const, 'ios' as const);
const signed = fc.boolean();
/** Few networks, so that some have more registrations than others. Registrations from the disk have no network. */
const network = fc.constantFrom(undefined, 1, 2, 65_535);
const operation = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('put' as const),
      key,
      target,
      platform,
      signed,
      network,
      // Never two at the same time, so that one is the oldest.
      passes: fc.constantFrom(1, 3 * MINUTE_MS, 11 * MINUTE_MS, 20 * HOUR_MS),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('renew' as const), key, target, passes }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('remove' as const), key, signed, passes }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('forget' as const), target, passes }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('sweep' as const), passes }) },
);

type Operation = typeof operation extends fc.Arbitrary<infer One> ? One : never;

async function both(
  store: RegistrationStore,
  model: NaiveStore,
  step: Operation,
  now: number,
): Promise<void> {
  switch (step.type) {
    case 'put': {
      const registration = {
        tradePubkey: step.key,
        target: step.target,
        platform: step.platform,
        registeredAt: now,
        expiresAt: expiryOf(now, now, LIFETIME),
        woken: false,
        signed: step.signed,
        ...(step.network !== undefined && { network: step.network }),
      };
      const { signed: isSigned, network: from } = step;
      const admitted = store.admits(step.key, { signed: isSigned, network: from, now });
      const result = await store.put(registration);
      expect([result, admitted]).toEqual([model.put(registration, CAPACITY), result !== 'full']);
      return;
    }
    case 'renew':
      model.renew(step.key, step.target, now);
      return store.renew(step.key, step.target, LIFETIME, now);
    case 'remove':
      return expect(await store.remove(step.key, { signed: step.signed, now })).toBe(
        model.remove(step.key, step.signed, now),
      );
    case 'forget':
      return expect(await store.evict(step.target)).toBe(model.forget(step.target));
    case 'sweep':
      return expect(await store.sweep(now)).toBe(model.sweep(now));
  }
}

async function expectSame(store: RegistrationStore, model: NaiveStore): Promise<void> {
  for (const one of KEYS) {
    const expected = model.find(one);
    expect(await store.find(one)).toEqual(expected);
    const text = Buffer.from(`"${one.toUpperCase()}"`);
    if (expected !== undefined)
      expect([store.mayContain(one), store.mayContainAt(text, 1)]).toEqual([true, true]);
  }
  const on = (name: string): number => model.list.filter((one) => one.platform === name).length;
  expect(store.counts()).toMatchObject({ total: model.list.length, android: on('android'), ios: on('ios') });
}

/**
 * After any sequence of operations the store has the same content as the simplest possible store.
 *
 * @param runs how many sequences are tried; `MODEL_RUNS` in the environment tries more
 */
export function registrationModelContract(name: string, create: CreateRegistrationStore, runs: number): void {
  test(`${name}: does whatever is asked of it as the simplest store does`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 40, size: 'max' }), async (steps) => {
        const store = await create({ capacity: CAPACITY });
        const model = new NaiveStore();
        let now = Date.UTC(2026, 0, 1);
        for (const step of steps) {
          now += step.passes;
          await both(store, model, step, now);
          await expectSame(store, model);
        }
      }),
      { numRuns: Number(process.env['MODEL_RUNS'] ?? runs) },
    );
  });
}
