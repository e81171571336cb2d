import { describe, expect, test } from 'vitest';

import type { Delivery } from '../../src/core/lanes/delivery.ts';
import { Flocks } from '../../bench/privacy/flocks.ts';
import { drawMarket, type Market, type Step } from '../../bench/privacy/market.ts';
import { cohorts, slots } from '../../bench/privacy/policies.ts';
import { pushesOf } from '../../bench/privacy/world.ts';

const SIZE = 8;
const POLICY = cohorts(SIZE, 30);
const HALF_HOUR = 1800;

/** Three cohorts. A third of the events is found by recoveries, of which each takes half an hour. */
const drawn = drawMarket({ devices: 3 * SIZE, tradesPerDay: 40, days: 0.5 }, 11);
const market: Market = {
  ...drawn,
  steps: drawn.steps.map((step, n) => (n % 3 === 0 && !step.isChat ? found(step) : step)),
};

function found({ arrives, at, isChat, key }: Step): Step {
  return { arrives, at, isChat, key, recovery: Math.floor(arrives / HALF_HOUR) };
}

/** The same market, where each key belongs to another device of the same cohort. Devices that shared no key may share one now. */
const exchanged: Market = {
  ...market,
  deviceOf: market.deviceOf.map((device, key) => {
    const place = device % SIZE;
    return device - place + ((place + 1 + (key % 7)) % SIZE);
  }),
};

const FAILED: Delivery = { outcome: 'retry', reason: 'http_503' };
const THROTTLED: Delivery = { outcome: 'retry', reason: 'http_429', throttled: true, concerns: 'device' };
const REFUSED: Delivery = { outcome: 'refused', reason: 'http_400', blames: 'device' };

/** A carrier that refuses pushes of chosen devices for half an hour each, to see whether fewer or more wakes come for their cohorts. */
function refusing(device: number, at: number): Delivery {
  const isRefused = (Math.floor(at / HALF_HOUR) + device) % 5 === 0;
  return isRefused ? ([FAILED, THROTTLED, REFUSED][device % 3] ?? FAILED) : { outcome: 'delivered' };
}

describe('the carrier', () => {
  test('sees exactly the same pushes, in the same order, whoever of a cohort owns a key', async () => {
    const log = await pushesOf(market, POLICY);
    expect(await pushesOf(exchanged, POLICY)).toEqual(log);
    // All members of a cohort are woken in every burst, and no other device is.
    const model = POLICY.model(log.when);
    const { all } = new Flocks(log, (at) => model.moment(at));
    expect(all.map(({ members }) => members.length)).toEqual([SIZE, SIZE, SIZE]);
    expect(log.who.length).toBeGreaterThan(500);
  });

  test('sees exactly the same pushes, in the same order, whoever of a cohort owns a key, also while it refuses the pushes of some members', async () => {
    const log = await pushesOf(market, POLICY, { answer: refusing });
    expect(await pushesOf(exchanged, POLICY, { answer: refusing })).toEqual(log);
  });

  test('sees other pushes without cohorts', async () => {
    const log = await pushesOf(market, slots(30));
    expect(await pushesOf(exchanged, slots(30))).not.toEqual(log);
  });
});
