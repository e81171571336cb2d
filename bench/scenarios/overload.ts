import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { percentile, type Figure } from '../figure.ts';
import type { Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';
import { measured } from './latency.ts';

/** With this delay FCM takes fewer wakes than the program can verify: the queue of 20 000 fills, and the other wakes are owed. */
const LATENCY_MS = 50;
const SAMPLE_MS = 500;
/** Wakes of fresh devices afterwards. */
const AFTERWARDS = 1000;

/** More devices at once than the queues hold: whether memory stays flat, every device is woken, and later wakes are as fast as before. */
export async function overload(stage: Stage, program: Program): Promise<Figure[]> {
  const { overload: count } = stage.extent;
  const devices = await stage.registered(program, count);
  const frames = stage.relay.frames('few', await giftWraps(devices.map(({ tradePubkey }) => tradePubkey)));
  const { rssBytes: before } = await program.reading();
  stage.pushService.latencyMs = LATENCY_MS;
  const begun = performance.now();
  const arrived = stage.pushService.pushes(count);
  const sampling = new AbortController();
  const sampled = sampleMemory(program, sampling.signal);
  for (const frame of frames) stage.relay.send('few', frame);
  const times = [...(await arrived).values()];
  const wallMs = performance.now() - begun;
  sampling.abort();
  const most = Math.max(...(await sampled));
  stage.pushService.latencyMs = 0;
  const { delays: fresh } = await measured(stage, program, { count: AFTERWARDS, perSecond: AFTERWARDS });
  const owed = await program.metric('wakes_owed_total');
  const what = `${count / 1000} k devices woken at once`;
  return [
    { what: `${what}: until the last`, unit: 's', samples: [wallMs / 1000], moreIsBetter: false },
    { what: `${what}: that the full queue left owed`, unit: 'devices', samples: [owed], moreIsBetter: false },
    {
      what: `${what}: woken more than once`,
      unit: 'devices',
      samples: [times.filter((one) => one > 1).length],
      goal: { of: 'value', most: 0 },
      moreIsBetter: false,
    },
    {
      what: `${what}: most memory beyond that before, for each`,
      unit: 'bytes',
      samples: [(most - before) / count],
      moreIsBetter: false,
    },
    {
      what: `${what}: a fresh wake right afterwards, p50`,
      unit: 'ms',
      samples: [percentile(fresh, 0.5)],
      goal: { of: 'value', most: 2 },
      moreIsBetter: false,
    },
  ];
}

async function sampleMemory(program: Program, signal: AbortSignal): Promise<number[]> {
  const samples: number[] = [];
  while (!signal.aborted) {
    samples.push((await program.reading()).rssBytes);
    await delay(SAMPLE_MS, undefined, { signal }).catch(() => undefined);
  }
  return samples;
}
