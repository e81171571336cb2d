import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

import { device, type Device } from '../devices.ts';
import { median, type Figure } from '../figure.ts';
import { registration, type Program } from '../program.ts';
import { FEW, type Stage } from '../stage.ts';

/** A trade pubkey, and a token of FCM. */
const BYTES = 32 + 163;
/** Requests that warm up the program before its memory is measured as empty. */
const WARMING = 20_000;
const CHURN_PER_SECOND = 5000;
const READINGS = 5;
const SETTLING_MS = 400;

/** Fills a program with many registrations. @returns what each of them takes of resident memory */
export async function fill(stage: Stage, program: Program): Promise<Figure> {
  const { many } = stage.extent;
  const same = device();
  await program.register(WARMING, () => same);
  const empty = await residentBytes(program);
  await program.register(many, device);
  const full = await residentBytes(program);
  return {
    what: `resident memory of ${many / 1000} k registrations, for each`,
    unit: 'bytes',
    samples: [(full - empty) / many],
    limit: { what: 'trade pubkey and token', samples: [BYTES] },
    goal: { of: 'ratio', most: 1.4 },
    moreIsBetter: false,
  };
}

/** How long the event loop pauses while registrations come and go in a store that has many. */
export async function churn(stage: Stage, few: Program, many: Program): Promise<Figure[]> {
  const pauses: { many: number[]; few: number[] } = { many: [], few: [] };
  for (let round = 0; round < stage.extent.rounds; round++) {
    pauses.few.push(await longestPause(stage, few));
    pauses.many.push(await longestPause(stage, many));
  }
  return [
    {
      what: `longest pause while ${stage.extent.many / 1000} k registrations churn at ${CHURN_PER_SECOND}/s`,
      unit: 'ms',
      samples: pauses.many,
      limit: { what: `with ${FEW / 1000} k registrations`, samples: pauses.few },
      goal: { of: 'value', most: 25 },
      moreIsBetter: false,
    },
  ];
}

async function longestPause(stage: Stage, program: Program): Promise<number> {
  const { seconds } = stage.extent;
  const known: Device[] = [];
  const { longestPauseMs } = await program.during(async () => {
    const begun = performance.now();
    const under = new Set<Promise<void>>();
    // One registration is added, and one that was added a second ago is removed.
    for (let done = 0; performance.now() - begun < seconds * 1000; await delay(1)) {
      const due = Math.floor(((performance.now() - begun) / 1000) * CHURN_PER_SECOND);
      for (; done < due; done += 2) {
        const fresh = device();
        known.push(fresh);
        const oldest = known.length > CHURN_PER_SECOND ? known.shift() : undefined;
        const requests = [program.api.request('/api/register', registration(fresh))];
        const gone = oldest && JSON.stringify({ trade_pubkey: oldest.tradePubkey });
        if (gone !== undefined) requests.push(program.api.request('/api/unregister', gone));
        for (const request of requests) under.add(request.finally(() => under.delete(request)));
      }
    }
    await Promise.all(under);
  });
  return longestPauseMs;
}

/** Memory without garbage: the median of several readings, because memory is given back some time after it is free. */
export async function residentBytes(program: Program): Promise<number> {
  const readings: number[] = [];
  for (let n = 0; n < READINGS; n++) {
    program.collect();
    await delay(SETTLING_MS);
    readings.push((await program.reading()).rssBytes);
  }
  return median(readings);
}
