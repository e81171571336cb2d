import type { Figure } from '../figure.ts';
import type { MeasuredProcess, Span } from '../measured-process.ts';
import type { Stage } from '../stage.ts';
import { bare } from './bare.ts';

interface Woken {
  readonly what: string;
  /** Wakes of a round. */
  readonly count: number;
  /** Wakes so many devices. */
  readonly woken: () => Promise<Span>;
  readonly limit: { readonly what: string; readonly process: MeasuredProcess };
  readonly goal?: NonNullable<Figure['goal']>;
}

/** How many wakes a second, and how much processor time each takes, in turn with the limit, after a round to warm up. */
export async function perWake(stage: Stage, { what, count, woken, limit, goal }: Woken): Promise<Figure[]> {
  const [subject, limits]: [Span[], Span[]] = [[], []];
  for (let round = -1; round < stage.extent.rounds; round++) {
    const [limitSpan, span] = [await bare(stage, limit.process, count), await woken()];
    if (round < 0) continue;
    limits.push(limitSpan);
    subject.push(span);
  }
  const perSecond = (spans: readonly Span[]): number[] => spans.map(({ wallMs }) => (count / wallMs) * 1000);
  const microseconds = (spans: readonly Span[]): number[] => spans.map(({ cpuMs }) => (cpuMs * 1000) / count);
  return [
    {
      what,
      unit: '1/s',
      samples: perSecond(subject),
      limit: { what: limit.what, samples: perSecond(limits) },
      ...(goal && { goal }),
      moreIsBetter: true,
    },
    {
      what: 'the same in processor time',
      unit: 'µs',
      samples: microseconds(subject),
      limit: { what: limit.what, samples: microseconds(limits) },
      moreIsBetter: false,
    },
  ];
}
