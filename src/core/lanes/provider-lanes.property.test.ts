import fc from 'fast-check';
import { expect, test } from 'vitest';

import { laneBench, DELIVERED, type LaneBench } from '../../../test/support/lane-bench.ts';
import { settled } from '../../../test/support/settled.ts';
import { MINUTE_MS } from '../basics/clock.ts';
import type { Delivery } from './delivery.ts';
import type { WakeEnd } from './wake.ts';

const CONCURRENCY = 3;
const CAPACITY = 3;
const DEVICES = 7;

type Step =
  | { readonly do: 'request'; readonly device: number; readonly isLive: boolean; readonly isChat: boolean }
  | { readonly do: 'answer'; readonly which: number; readonly delivery: Delivery }
  | { readonly do: 'pass'; readonly ms: number };

const afterMs = fc.integer({ min: 0, max: 20 * MINUTE_MS });
const delivery: fc.Arbitrary<Delivery> = fc.oneof(
  fc.constant<Delivery>(DELIVERED),
  fc.constant<Delivery>({ outcome: 'gone' }),
  fc.record(
    {
      outcome: fc.constant('retry' as const),
      reason: fc.constant('any'),
      throttled: fc.boolean(),
      afterMs,
      concerns: fc.constantFrom('device' as const, 'platform' as const),
    },
    { requiredKeys: ['outcome', 'reason'] },
  ),
  fc
    .constantFrom('device' as const, 'platform' as const, 'provider' as const)
    .map((blames): Delivery => ({ outcome: 'refused', reason: 'any', blames })),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('request' as const),
    device: fc.nat(DEVICES - 1),
    isLive: fc.boolean(),
    isChat: fc.boolean(),
  }),
  fc.record({ do: fc.constant('answer' as const), which: fc.nat(CONCURRENCY - 1), delivery }),
  fc.record({
    do: fc.constant('pass' as const),
    ms: fc.oneof(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 15 * MINUTE_MS })),
  }),
);

/** A device as the test sees it, without a look into the lane. Numbers count the requests for the device. */
interface Known {
  requested: number;
  /** The last request that a delivered wake has answered: its attempt began after that request. */
  answered: number;
  /** The last request before the device was called gone. */
  buried: number;
}

class Model {
  readonly bench: LaneBench = laneBench({ concurrency: CONCURRENCY, capacity: CAPACITY });
  readonly known = new Map<string, Known>();
  readonly ends: (WakeEnd | undefined)[] = [];
  /** For every attempt, how many requests there were for its device when it began. */
  readonly #covers: number[] = [];
  readonly #open: number[] = [];

  async take(next: Step): Promise<void> {
    if (next.do === 'request') this.#request(next);
    else if (next.do === 'pass') await this.bench.schedule.advance(next.ms);
    else this.#answer(next.which % Math.max(1, this.#open.length), next.delivery);
    await settled();
    this.check();
  }

  /** From now on everything works. All owed wakes are delivered within an hour and a half for each fault. */
  async recover(): Promise<void> {
    for (let left = 500; left > 0 && (this.#open.length > 0 || this.bench.schedule.pending > 0); left--) {
      while (this.#open.length > 0) {
        this.#answer(0, DELIVERED);
        await settled();
        this.check();
      }
      await this.bench.schedule.advance(this.bench.schedule.nextMs ?? 0);
      this.check();
    }
  }

  check(): void {
    const { lanes, provider } = this.bench;
    for (let n = this.#covers.length; n < provider.attempts.count; n++) {
      const token = provider.attempts.all[n]?.target.token as string;
      this.#covers.push(this.known.get(token)?.requested ?? NaN);
      this.#open.push(n);
    }
    const busy = this.#open.map((n) => provider.attempts.all[n]?.target.token);
    const unsent = lanes.owed + lanes.pending - busy.length;
    this.#demand(busy.length <= CONCURRENCY, 'no more attempts at once than allowed');
    this.#demand(new Set(busy).size === busy.length, 'one attempt at a time for each device');
    this.#demand(lanes.owed >= 0 && lanes.pending >= busy.length, 'counts that can be');
    // A wake that comes back from an attempt may find a queue that has filled up meanwhile.
    this.#demand(lanes.pending <= CAPACITY + 2 * CONCURRENCY, 'a bounded queue');
    this.#demand(unsent <= DEVICES, 'one unsent wake for each device');
    this.#demand(this.bench.faults.length === 0, 'no fault');
  }

  #demand(isSo: boolean, what: string): void {
    if (!isSo) throw new Error(`not so: ${what}`);
  }

  #request({ device, isChat, isLive }: Extract<Step, { do: 'request' }>): void {
    const token = `device ${device}`;
    const known = this.known.get(token) ?? { requested: 0, answered: 0, buried: 0 };
    this.known.set(token, known);
    known.requested++;
    const n = this.ends.push(undefined) - 1;
    const asked = this.bench.ask(token, {
      kind: isChat ? 'chat_wake' : 'silent_wake',
      priority: isLive ? 'live' : 'recovered',
    });
    void asked.then((end) => (this.ends[n] = end));
  }

  #answer(which: number, answer: Delivery): void {
    const [n] = this.#open.splice(which, 1);
    if (n === undefined) return;
    const attempt = this.bench.provider.attempts.all[n];
    const known = this.known.get(attempt?.target.token ?? '') as Known;
    if (answer.outcome === 'delivered') known.answered = Math.max(known.answered, this.#covers[n] as number);
    if (answer.outcome === 'gone') known.buried = known.requested;
    attempt?.answer(answer);
  }
}

test(
  'after any requests and answers, every device gets its wake once its lane works, and no entry or timer is left',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const model = new Model();
        for (const next of steps) await model.take(next);
        await model.recover();
        const { lanes, schedule } = model.bench;
        expect({ pending: lanes.pending, owed: lanes.owed, timers: schedule.pending }).toEqual({
          pending: 0,
          owed: 0,
          timers: 0,
        });
        expect(model.ends).not.toContain(undefined);
        expect(model.ends).not.toContain('dropped');
        for (const [device, { answered, buried, requested }] of model.known)
          expect([device, Math.max(answered, buried)]).toEqual([device, requested]);
      }),
      { numRuns: 300 },
    );
  },
  MINUTE_MS,
);
