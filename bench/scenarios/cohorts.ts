import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { device, devices, type Device } from '../devices.ts';
import { percentile, type Figure } from '../figure.ts';
import { registration, type Program } from '../program.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';
import { residentBytes } from './memory.ts';

const DEVICES = 100_000;
const COHORT_SIZE = 8;
/** Events of one slot: as many as there are cohorts. They hit two thirds of them. */
const EVENTS = DEVICES / COHORT_SIZE;
/** Requests that warm up the program before its memory is measured as empty. */
const WARMING = 20_000;
/** Devices with the policy `prompt` that are woken meanwhile, one every few milliseconds. */
const OTHERS = 300;
const OTHERS_EVERY_MS = 10;
/** A burst is over if no push has come for so long. */
const QUIET_MS = 3000;

interface Measured {
  readonly bytesEach: number;
  readonly registerMs: number;
  readonly pushes: number;
  /** Processor time of a push. */
  readonly pushMs: number;
  /** From the first push to the last. */
  readonly burstMs: number;
  readonly longestPauseMs: number;
  /** How long wakes of other devices took meanwhile. */
  readonly others: readonly number[];
}

/** What 100 000 devices in cohorts cost beside as many that are woken alone, each with `STORE=file`. */
export async function cohorts(stage: Stage): Promise<Figure[]> {
  const alone = await measure(stage, 'prompt');
  const together = await measure(stage, 'cohorts');
  const figure = (what: string, unit: string, of: (one: Measured) => number): Figure => ({
    what: `${DEVICES / 1000} k devices in cohorts of ${COHORT_SIZE}: ${what}`,
    unit,
    samples: [of(together)],
    limit: { what: 'prompt', samples: [of(alone)] },
    moreIsBetter: false,
  });
  return [
    figure('resident memory for each', 'bytes', ({ bytesEach }) => bytesEach),
    figure('processor time of a registration', 'µs', ({ registerMs }) => registerMs * 1000),
    figure(`pushes of ${EVENTS} events`, '', ({ pushes }) => pushes),
    figure('processor time of a push', 'µs', ({ pushMs }) => pushMs * 1000),
    figure('first to last push', 'ms', ({ burstMs }) => burstMs),
    figure('longest pause meanwhile', 'ms', ({ longestPauseMs }) => longestPauseMs),
    figure('a prompt wake meanwhile, p50', 'ms', ({ others }) => percentile(others, 0.5)),
    figure('a prompt wake meanwhile, p99', 'ms', ({ others }) => percentile(others, 0.99)),
  ];
}

async function measure(stage: Stage, policy: 'prompt' | 'cohorts'): Promise<Measured> {
  await using program = await stage.program(policy, {
    environment: {
      STORE: 'file',
      WAKE_POLICY: policy,
      WAKE_POLICIES_OFFERED: 'prompt',
      WAKE_COHORT_SIZE: String(COHORT_SIZE),
      WAKE_SLOT_SECONDS: '10',
    },
  });
  const same = device();
  await program.register(WARMING, () => same);
  const empty = await residentBytes(program);
  const members = devices(DEVICES);
  const filling = await program.during(() => program.register(DEVICES, (n) => members[n] as Device));
  const bytesEach = ((await residentBytes(program)) - empty) / DEVICES;
  return {
    bytesEach,
    registerMs: filling.cpuMs / DEVICES,
    ...(await wakeMany(stage, program, policy, members)),
  };
}

async function wakeMany(
  stage: Stage,
  program: Program,
  policy: string,
  members: readonly Device[],
): Promise<Omit<Measured, 'bytesEach' | 'registerMs'>> {
  const others = devices(OTHERS);
  for (const other of others)
    await program.api.request(
      '/api/register',
      JSON.stringify({ ...(JSON.parse(registration(other)) as object), wake_policy: 'prompt' }),
    );
  const some = members.toSorted(() => Math.random() - 0.5).slice(0, EVENTS);
  const frames = stage.relay.frames(policy, await giftWraps(some.map(({ tradePubkey }) => tradePubkey)));
  const sent = stage.relay.frames(policy, await giftWraps(others.map(({ tradePubkey }) => tradePubkey)));
  const sentAt = new Map<string, number>();
  const delays: number[] = [];
  const times: number[] = [];
  stage.pushService.onPush = (token) => {
    const at = sentAt.get(token);
    if (at === undefined) times.push(performance.now());
    else delays.push(performance.now() - at);
  };
  const span = await program.during(async () => {
    for (const frame of frames) stage.relay.send(policy, frame);
    // Until the burst has begun.
    while (times.length === 0) await delay(1);
    for (const [n, frame] of sent.entries()) {
      sentAt.set(others[n]?.token ?? '', performance.now());
      stage.relay.send(policy, frame);
      await delay(OTHERS_EVERY_MS);
    }
    while (performance.now() - (times.at(-1) ?? 0) < QUIET_MS) await delay(100);
  });
  const pushes = times.length;
  const burstMs = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return {
    pushes,
    pushMs: span.cpuMs / pushes,
    burstMs,
    longestPauseMs: span.longestPauseMs,
    others: delays,
  };
}
