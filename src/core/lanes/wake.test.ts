import { expect, test } from 'vitest';

import { DELIVERED, keyWake, laneBench, REFUSED } from '../../../test/support/lane-bench.ts';
import { fcmTarget, tradeKey } from '../../../test/support/registrations.ts';
import { HOUR_MS } from '../basics/clock.ts';
import { deviceOf } from '../registry/push-target.ts';
import { worstEnd, type Wake, type WakeEnd, type Wanted } from './wake.ts';

/** A wake that no event and no trade key asks for, as a cover wake or a heartbeat would be. */
class KeylessWake implements Wake {
  readonly target;
  readonly device;
  readonly kind = 'silent_wake';
  readonly priority = 'recovered';
  readonly since = Infinity;
  readonly wasHeld = false;
  readonly tracedKeys = [];
  /** The calls of the lane, in their order. */
  readonly told: string[] = [];
  #other: Wake | undefined;

  constructor(token: string) {
    this.target = fcmTarget(token);
    this.device = deviceOf(this.target);
  }

  with(other: Wake): Wake {
    this.#other = this.#other?.with(other) ?? other;
    return this;
  }

  async stillWanted(): Promise<Wanted> {
    this.told.push('asked');
    return { here: this.target };
  }

  async onDelivered(): Promise<void> {
    this.told.push('delivered');
    await this.#other?.onDelivered();
  }

  async onGone(): Promise<void> {
    this.told.push('gone');
  }

  onOwed(): boolean {
    this.told.push('owed');
    return false;
  }

  onPaid(): void {
    this.told.push('paid');
  }
}

test('a wake without a trade key is sent after a wait, for as long as the wake itself says that it is wanted', async () => {
  const { answer, lanes, schedule, tried } = laneBench();
  const wake = new KeylessWake('phone');
  expect(await Promise.all([lanes.request(wake), answer(REFUSED)])).toEqual(['owed', undefined]);
  await schedule.advance(HOUR_MS);
  await answer(DELIVERED);
  expect(tried()).toEqual(['phone', 'phone']);
  // The wake is asked when it becomes owed, because the registrations may have changed during the attempt, and before the next attempt.
  expect(wake.told).toEqual(['owed', 'asked', 'asked', 'paid', 'delivered']);
  expect([lanes.pending, lanes.owed]).toEqual([0, 0]);
});

test.each([
  ['before', (wakes: readonly Wake[]) => wakes],
  ['after', (wakes: readonly Wake[]) => wakes.toReversed()],
])(
  'a wake without a trade key that was asked for %s the wake of a key for the same device is one push with it',
  async (_, order) => {
    const { answer, ask, lanes, tried } = laneBench({ concurrency: 1 });
    void ask('first');
    const renewed: string[] = [];
    const registrations = {
      renew: async (_target: unknown, keys: Iterable<string>) => void renewed.push(...keys),
      evict: async () => undefined,
      whereabouts: async () => ({ here: undefined, elsewhere: [] }),
    };
    const keyless = new KeylessWake('phone');
    for (const wake of order([keyless, keyWake('phone', {}, { registrations })])) void lanes.request(wake);
    for (let n = 0; n < 2; n++) await answer(DELIVERED);
    expect([tried(), keyless.told.at(-1), renewed]).toEqual([['first', 'phone'], 'delivered', [tradeKey(1)]]);
  },
);

test.each<[readonly WakeEnd[], WakeEnd]>([
  [[], 'sent'],
  [['sent', 'owed'], 'owed'],
  [['owed', 'dropped', 'sent'], 'dropped'],
])('wakes that ended %j have ended together as %s', (ends, end) => {
  expect(worstEnd(ends)).toBe(end);
});
