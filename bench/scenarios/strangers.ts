import { device } from '../devices.ts';
import type { Figure } from '../figure.ts';
import type { MeasuredProcess, Span } from '../measured-process.ts';
import type { Program } from '../program.ts';
import { FEW, RELAYS, type Stage } from '../stage.ts';
import { strangersEvents } from '../wire-events.ts';

/** How many different events a flood has. */
const EVENTS = 256;
/** How often one key is registered again. */
const WARMING = 20_000;
const same = device();

/** Frames for keys that are not registered: nearly everything that a relay sends. */
export async function strangers(stage: Stage, few: Program, many: Program): Promise<Figure[]> {
  const bare = await stage.limit('count-frames', ...stage.relay.urls('bare', RELAYS));
  await stage.relay.subscribed('bare', RELAYS);
  const events = await strangersEvents(EVENTS);
  // Both programs have just been busy. After idle minutes V8 shrinks the space for young objects, and work costs more.
  for (const program of [few, many]) await program.register(WARMING, () => same);
  const times = Math.ceil((stage.extent.batch * 40) / (EVENTS * RELAYS));
  const frames = times * EVENTS * RELAYS;
  const flood = (name: string, process: MeasuredProcess | Program): Promise<Span> =>
    process.during(() => stage.relay.flood(name, events, times));
  const spans: Record<'bare' | 'few' | 'many', Span[]> = { bare: [], few: [], many: [] };
  // The first flood warms each program up.
  for (let round = -1; round < stage.extent.rounds; round++) {
    const [one, two, three] = [
      await flood('bare', bare),
      await flood('fresh', few),
      await flood('many', many),
    ];
    if (round < 0) continue;
    spans.bare.push(one);
    spans.few.push(two);
    spans.many.push(three);
  }
  await bare[Symbol.asyncDispose]();
  for (const program of [few, many]) await expectLookedUp(program, frames * (stage.extent.rounds + 1));
  const perSecond = (all: readonly Span[]): number[] => all.map(({ wallMs }) => (frames / wallMs) * 1000);
  const microseconds = (all: readonly Span[]): number[] => all.map(({ cpuMs }) => (cpuMs * 1000) / frames);
  const label = `${stage.extent.many / 1000} k registrations`;
  return [
    {
      what: `frames for strangers, 2 KB, ${label}`,
      unit: '1/s',
      samples: perSecond(spans.many),
      limit: { what: 'a bare ws client that counts', samples: perSecond(spans.bare) },
      goal: { of: 'ratio', least: 0.35 },
      moreIsBetter: true,
    },
    {
      what: `the same in processor time, ${label}`,
      unit: 'µs',
      samples: microseconds(spans.many),
      limit: { what: `with ${FEW / 1000} k registrations`, samples: microseconds(spans.few) },
      goal: { of: 'ratio', most: 1.1 },
      moreIsBetter: false,
    },
    {
      what: 'the same in processor time, a bare ws client',
      unit: 'µs',
      samples: microseconds(spans.bare),
      moreIsBetter: false,
    },
  ];
}

/** A program that dropped the frames for another reason would look fast. */
async function expectLookedUp(program: Program, frames: number): Promise<void> {
  const unmatched = await program.metric('events_unmatched_total');
  if (unmatched !== frames) throw new Error(`${unmatched} events were looked up, and ${frames} sent`);
}
