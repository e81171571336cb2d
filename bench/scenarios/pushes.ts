import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Figure } from '../figure.ts';
import type { Span } from '../measured-process.ts';
import type { Program } from '../program.ts';
import { STREAMS } from '../push-service.ts';
import type { Stage } from '../stage.ts';
import { giftWraps } from '../wire-events.ts';

/** Matched events for distinct devices, all at once: how many become pushes that FCM accepts. */
export async function pushes(stage: Stage, program: Program): Promise<Figure[]> {
  const { batch, rounds } = stage.extent;
  const subject: Span[] = [];
  const limit: Span[] = [];
  for (let round = -1; round < rounds; round++) {
    const [limitSpan, span] = [await bare(stage, batch), await woken(stage, program, batch)];
    if (round < 0) continue;
    limit.push(limitSpan);
    subject.push(span);
  }
  const perSecond = (spans: readonly Span[]): number[] => spans.map(({ wallMs }) => (batch / wallMs) * 1000);
  const microseconds = (spans: readonly Span[]): number[] => spans.map(({ cpuMs }) => (cpuMs * 1000) / batch);
  const what = 'verify and bare node:http2';
  return [
    {
      what: 'matched events to accepted FCM pushes, distinct devices',
      unit: '1/s',
      samples: perSecond(subject),
      limit: { what, samples: perSecond(limit) },
      goal: { of: 'ratio', least: 0.7 },
      moreIsBetter: true,
    },
    {
      what: 'the same in processor time',
      unit: 'µs',
      samples: microseconds(subject),
      limit: { what, samples: microseconds(limit) },
      moreIsBetter: false,
    },
  ];
}

/** Wakes that FCM takes 50 ms over: how well its streams are used. */
export async function inFlight(stage: Stage, program: Program): Promise<Figure> {
  const latencyMs = 50;
  const batch = Math.min(stage.extent.batch, 5000);
  stage.pushService.latencyMs = latencyMs;
  const samples: number[] = [];
  for (let round = 0; round < stage.extent.rounds; round++) {
    const { wallMs } = await woken(stage, program, batch);
    samples.push((batch / wallMs) * 1000);
  }
  stage.pushService.latencyMs = 0;
  const most = STREAMS / (latencyMs / 1000);
  return {
    what: 'the same while FCM takes 50 ms',
    unit: '1/s',
    samples,
    limit: { what: `${STREAMS} streams / latency`, samples: samples.map(() => most) },
    goal: { of: 'ratio', least: 0.8 },
    moreIsBetter: true,
  };
}

/** Wakes so many fresh devices, each by an event of its own, until the last push is accepted. */
async function woken(stage: Stage, program: Program, count: number): Promise<Span> {
  const devices = await stage.registered(program, count);
  const events = giftWraps(devices.map(({ tradePubkey }) => tradePubkey));
  return program.during(async () => {
    const arrived = stage.pushService.pushes(count);
    for (const event of events) stage.relay.send('few', event);
    const twice = [...(await arrived).values()].filter((times) => times > 1).length;
    if (twice > 0) throw new Error(`${twice} devices were woken more than once`);
  });
}

async function bare(stage: Stage, count: number): Promise<Span> {
  const file = join(stage.directory, 'events.jsonl');
  await writeFile(
    file,
    giftWraps(Array.from({ length: count }, (_, n) => String(n).padStart(64, '0'))).join('\n'),
  );
  const process = await stage.limit('verify-and-post', file, String(STREAMS));
  try {
    return await process.during(async () => {
      const ran = process.answer('ran');
      process.tell('run');
      await ran;
    });
  } finally {
    await process[Symbol.asyncDispose]();
  }
}
