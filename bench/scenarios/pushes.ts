import type { Figure } from '../figure.ts';
import type { Span } from '../measured-process.ts';
import type { Program } from '../program.ts';
import { STREAMS } from '../push-service.ts';
import type { Stage } from '../stage.ts';
import { bare } from './bare.ts';
import { perWake } from './per-wake.ts';
import { wake } from './wake.ts';

/** Matched events for distinct devices, all at once: how many become pushes that FCM accepts. */
export async function pushes(stage: Stage, program: Program): Promise<Figure[]> {
  const { batch } = stage.extent;
  await using limiter = await stage.limit('verify-and-post', String(STREAMS));
  return await perWake(stage, {
    what: 'matched events to accepted FCM pushes, distinct devices',
    count: batch,
    woken: () => woken(stage, program, batch),
    limit: { what: 'verify and bare node:http2', process: limiter },
    goal: { of: 'ratio', least: 0.7 },
  });
}

/** Wakes that FCM answers after 50 ms: how well its streams are used. */
export async function inFlight(stage: Stage, program: Program): Promise<Figure[]> {
  const latencyMs = 50;
  const batch = Math.min(stage.extent.batch, 5000);
  stage.pushService.latencyMs = latencyMs;
  await using limiter = await stage.limit('verify-and-post', String(STREAMS));
  const [samples, bareSamples]: [number[], number[]] = [[], []];
  for (let round = 0; round < stage.extent.rounds; round++) {
    bareSamples.push((batch / (await bare(stage, limiter, batch)).wallMs) * 1000);
    samples.push((batch / (await woken(stage, program, batch)).wallMs) * 1000);
  }
  stage.pushService.latencyMs = 0;
  const most = STREAMS / (latencyMs / 1000);
  const subject = { unit: '1/s', samples, moreIsBetter: true };
  return [
    {
      ...subject,
      what: 'the same while FCM takes 50 ms',
      limit: { what: `${STREAMS} streams / latency`, samples: samples.map(() => most) },
      goal: { of: 'ratio', least: 0.8 },
    },
    {
      ...subject,
      what: 'the same while FCM takes 50 ms, beside a bare client',
      limit: { what: 'verify and bare node:http2', samples: bareSamples },
    },
  ];
}

/** Wakes so many fresh devices. */
async function woken(stage: Stage, program: Program, count: number): Promise<Span> {
  return wake(stage, program, 'few', await stage.registered(program, count));
}
