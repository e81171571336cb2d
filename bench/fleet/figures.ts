import { percentile, type Figure } from '../figure.ts';
import type { FleetSpan } from './fleet.ts';

/** What one kind of load cost, round by round. */
export interface Load {
  readonly what: string;
  /** Events or requests for each server, in a round. */
  readonly share: number;
  /** A single server with `STORE=file`. */
  readonly file: readonly FleetSpan[];
  /** By the number of servers. */
  readonly fleets: ReadonlyMap<number, readonly FleetSpan[]>;
  /** The same of as many servers that have nothing to do with each other. */
  readonly apart: ReadonlyMap<number, readonly FleetSpan[]>;
  /** The least that the same could cost, in microseconds. */
  readonly bare: { readonly what: string; readonly samples: readonly number[] };
  /** The most that one server of a fleet may cost beside a server with `STORE=file`. */
  readonly mostAlone?: number;
}

/** How many times as much so many servers do as one, at least. */
const GOALS: ReadonlyMap<number, number> = new Map([
  [2, 1.8],
  [4, 3.4],
]);

export function loadFigures({ apart, bare, file, fleets, mostAlone, share, what }: Load): Figure[] {
  const alone = fleets.get(1) ?? [];
  const each = { unit: 'µs', moreIsBetter: false } as const;
  const fileSamples = file.map((span) => (sumOf(span) * 1000) / share);
  const figures: Figure[] = [
    { ...each, what: `${what}, STORE=file`, samples: fileSamples, limit: bare },
    {
      ...each,
      what: `${what}, STORE=redis, one server`,
      samples: alone.map((span) => (sumOf(span) * 1000) / share),
      limit: { what: 'STORE=file', samples: fileSamples },
      ...(mostAlone !== undefined && { goal: { of: 'ratio', most: mostAlone } }),
    },
  ];
  const perSecond = (
    spans: readonly FleetSpan[],
    count: number,
    msOf: (span: FleetSpan) => number,
  ): number[] => spans.map((span) => (share * count * 1000) / msOf(span));
  const perSecondApart = (spans: readonly FleetSpan[], count: number): number[] =>
    spans.map((span) => (share * count * 1000) / sumOf(span));
  for (const [count, spans] of fleets) {
    const least = GOALS.get(count);
    const all = spans.map((span) => (sumOf(span) * 1000) / (share * count));
    if (least !== undefined)
      figures.push({
        what: `${what}: a fleet of ${count}, a second of a server's processor time`,
        unit: '1/s',
        samples: perSecond(spans, count, (span) => sumOf(span) / count),
        limit: {
          what: `one of ${count} servers apart, at the same time`,
          samples: perSecondApart(apart.get(count) ?? [], count),
        },
        goal: { of: 'ratio', least },
        moreIsBetter: true,
      });
    if (count > 1)
      figures.push(
        // Of so few devices one server has some more than another, by the hash; of many, each has as many.
        {
          what: 'the same, of the busiest one',
          unit: '1/s',
          samples: perSecond(spans, count, busiest),
          moreIsBetter: true,
        },
        { ...each, what: `the same, all ${count} together, for each`, samples: all },
      );
    figures.push(
      {
        ...each,
        what: `the same, beyond STORE=file, ${count === 1 ? 'one server' : `all ${count} together`}`,
        samples: all.map((sample, round) => sample - (fileSamples[round] ?? 0)),
      },
      {
        ...each,
        what: `the same, the engine's own, ${count === 1 ? 'one server' : `${count} servers`}`,
        samples: spans.map(({ engineMs }) => (engineMs * 1000) / (share * count)),
      },
    );
  }
  return figures;
}

/** @param delays of each round @param beside those of the server with `STORE=file` */
export function delayFigures(
  what: string,
  delays: readonly (readonly number[])[],
  beside: readonly (readonly number[])[] | undefined,
): Figure[] {
  return ([0.5, 0.99] as const).map((part) => {
    const of = (rounds: readonly (readonly number[])[]): number[] =>
      rounds.map((round) => percentile(round, part));
    return {
      what: `${what}, p${part * 100}`,
      unit: 'ms',
      samples: of(delays),
      limit: beside && { what: 'STORE=file', samples: of(beside) },
      moreIsBetter: false,
    };
  });
}

function sumOf({ serversMs }: FleetSpan): number {
  return serversMs.reduce((sum, cpuMs) => sum + cpuMs, 0);
}

function busiest({ serversMs }: FleetSpan): number {
  return Math.max(...serversMs);
}
