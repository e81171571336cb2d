import { setTimeout as delay } from 'node:timers/promises';

import { percentile, type Figure } from '../figure.ts';
import type { Program } from '../program.ts';
import { FEW, type Stage } from '../stage.ts';
import { strangersEvents } from '../wire-events.ts';
import { measured } from './latency.ts';

const RELAYS = [1, 10, 50];
const PER_SECOND = [10, 100, 1000, 5000];
const EVENTS = 64;
/** How many seconds each pace lasts. */
const SECONDS = 4;
const IDLE_MS = 3000;

/** How costs grow with the number of relays, and with the number of events for registered keys. */
export async function growth(stage: Stage, program: Program): Promise<Figure[]> {
  const found: Figure[] = [];
  for (const relays of RELAYS) found.push(...(await ofRelays(stage, relays)));
  // The cost without events is subtracted. It includes the cost of the probe.
  const { cpuMs, wallMs } = await program.during(() => delay(IDLE_MS));
  const idle = cpuMs / wallMs;
  for (const perSecond of PER_SECOND) found.push(...(await ofEvents(stage, program, perSecond, idle)));
  return found;
}

async function ofRelays(stage: Stage, relays: number): Promise<Figure[]> {
  const name = `relays${relays}`;
  await using program = await stage.program(name, { relays });
  await stage.registered(program, FEW);
  const events = await strangersEvents(EVENTS);
  const times = Math.ceil((stage.extent.batch * 20) / (EVENTS * relays));
  const samples: number[] = [];
  // The first flood warms the program up.
  for (let round = -1; round < stage.extent.rounds; round++) {
    const { cpuMs } = await program.during(() => stage.relay.flood(name, events, times));
    if (round >= 0) samples.push((cpuMs * 1000) / (EVENTS * relays * times));
  }
  const { rssBytes } = await program.reading();
  const what = `${relays} relay${relays > 1 ? 's' : ''}`;
  return [
    { what: `${what}: a frame for strangers, processor time`, unit: 'µs', samples, moreIsBetter: false },
    {
      what: `${what}: resident memory after a flood`,
      unit: 'MB',
      samples: [rssBytes / 1e6],
      moreIsBetter: false,
    },
  ];
}

async function ofEvents(stage: Stage, program: Program, perSecond: number, idle: number): Promise<Figure[]> {
  const [cost, late]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.extent.rounds; round++) {
    const count = perSecond * Math.min(SECONDS, stage.extent.seconds);
    const { cpuMs, delays, wallMs } = await measured(stage, program, { count, perSecond });
    cost.push(((cpuMs - wallMs * idle) * 1000) / count);
    late.push(percentile(delays, 0.99));
  }
  const what = `${perSecond} matched a second`;
  return [
    { what: `${what}: processor time of each`, unit: 'µs', samples: cost, moreIsBetter: false },
    { what: `${what}: p99`, unit: 'ms', samples: late, moreIsBetter: false },
  ];
}
