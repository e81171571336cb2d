import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { percentile, type Figure } from '../figure.ts';
import type { Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';

const PER_SECOND = 1000;
/** Events come one by one, evenly. */
const TICK_MS = 1;

/** From the relay's write to the push service's receipt, both on one clock: the way through two sockets included. */
export async function latency(stage: Stage, program: Program): Promise<Figure[]> {
  const [middle, late]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.extent.rounds; round++) {
    const delays = await measured(stage, program, PER_SECOND * stage.extent.seconds);
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

/** Wakes fresh devices at a steady pace. @returns how long each took, in milliseconds */
export async function measured(
  stage: Stage,
  program: Program,
  count: number,
  name = 'few',
): Promise<number[]> {
  const devices = await stage.registered(program, count);
  const frames = stage.relay.frames(name, giftWraps(devices.map(({ tradePubkey }) => tradePubkey)));
  const sentAt = new Map<string, number>();
  const delays: number[] = [];
  const all = new Promise<void>((resolve) => {
    stage.pushService.onPush = (token) => {
      const at = sentAt.get(token);
      if (at === undefined) return;
      delays.push(performance.now() - at);
      if (delays.length === count) resolve();
    };
  });
  const begun = performance.now();
  for (let sent = 0; sent < count; await delay(TICK_MS)) {
    const due = Math.min(count, Math.floor(((performance.now() - begun) / 1000) * PER_SECOND));
    for (; sent < due; sent++) {
      sentAt.set(devices[sent]?.token ?? '', performance.now());
      stage.relay.send(name, frames[sent] as Buffer);
    }
  }
  await all;
  return delays;
}
