import { percentile, type Figure } from '../figure.ts';
import type { Program } from '../program.ts';
import { sealedBodies, sealedTokens } from '../sealed-bodies.ts';
import type { Stage } from '../stage.ts';
import { measured } from './latency.ts';

const PER_SECOND = 1000;
const REGISTRATIONS = 5000;
/** How long wakes are measured, so that the burst is in the middle. */
const SECONDS = 2;

/** How much later wakes come while thousands of keys are registered at once. Every sealed registration costs a multiplication on the curve. */
export async function burst(stage: Stage, program: Program): Promise<Figure[]> {
  const tokens = sealedTokens(stage.privateKey);
  const load = { count: PER_SECOND * SECONDS, perSecond: PER_SECOND };
  const [quiet, during, pauses]: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round < stage.extent.rounds; round++) {
    quiet.push(percentile((await measured(stage, program, load)).delays, 0.99));
    const bodies = sealedBodies(tokens, REGISTRATIONS);
    const [{ delays, longestPauseMs }] = await Promise.all([
      measured(stage, program, load),
      program.api.post('/api/register', REGISTRATIONS, (n) => bodies[n] as string),
    ]);
    during.push(percentile(delays, 0.99));
    pauses.push(longestPauseMs);
  }
  const what = `${REGISTRATIONS} sealed registrations at once`;
  return [
    {
      what: `${what}: p99 of wakes at ${PER_SECOND}/s meanwhile`,
      unit: 'ms',
      samples: during,
      limit: { what: 'without them', samples: quiet },
      moreIsBetter: false,
    },
    { what: `${what}: longest pause`, unit: 'ms', samples: pauses, moreIsBetter: false },
  ];
}
