import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { percentile, type Figure } from '../figure.ts';
import type { Span } from '../measured-process.ts';
import type { Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';

const PER_SECOND = 1000;
/** Events come one at a time, at even intervals. */
const TICK_MS = 1;

/** The time from the relay's write to the arrival at the push service, by one clock. It includes two sockets. */
export async function latency(stage: Stage, program: Program): Promise<Figure[]> {
  const [middle, late]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.extent.rounds; round++) {
    const count = PER_SECOND * stage.extent.seconds;
    const { delays } = await measured(stage, program, { count, perSecond: PER_SECOND });
    middle.push(percentile(delays, 0.5));
    late.push(percentile(delays, 0.99));
  }
  const what = 'event sent to push received, 1000 matched a second';
  return [
    {
      what: `${what}, p50`,
      unit: 'ms',
      samples: middle,
      goal: { of: 'value', most: 2 },
      moreIsBetter: false,
    },
    { what: `${what}, p99`, unit: 'ms', samples: late, goal: { of: 'value', most: 10 }, moreIsBetter: false },
  ];
}

/** Wakes fresh devices at a steady pace. @returns how long each wake took, in milliseconds, and the processor time of all */
export async function measured(
  stage: Stage,
  program: Program,
  { count, perSecond }: { count: number; perSecond: number },
): Promise<Span & { delays: number[] }> {
  const devices = await stage.registered(program, count);
  const frames = stage.relay.frames('few', await giftWraps(devices.map(({ tradePubkey }) => tradePubkey)));
  const sentAt = new Map<string, number>();
  const delays: number[] = [];
  const span = await program.during(async () => {
    const all = new Promise<void>((resolve) => {
      stage.pushService.onPush = (token) => {
        delays.push(performance.now() - (sentAt.get(token) ?? NaN));
        if (delays.length === count) resolve();
      };
    });
    const begun = performance.now();
    for (let sent = 0; sent < count; await delay(TICK_MS)) {
      const due = Math.min(count, Math.floor(((performance.now() - begun) / 1000) * perSecond));
      for (; sent < due; sent++) {
        sentAt.set(devices[sent]?.token ?? '', performance.now());
        stage.relay.send('few', frames[sent] as Buffer);
      }
    }
    await all;
  });
  return { ...span, delays };
}
