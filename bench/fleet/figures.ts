import { percentile, type Figure } from '../figure.ts';
import type { FleetSpan } from './fleet.ts';

/** What one kind of load cost. */
export interface Load {
  readonly what: string;
  /** Events or requests for each server, each time. */
  readonly share: number;
  /** A single server with `STORE=file`, round by round. */
  readonly file: readonly FleetSpan[];
  /** By the number of servers: each round has the span of each server. */
  readonly fleets: ReadonlyMap<number, readonly (readonly FleetSpan[])[]>;
  /** The same of as many servers that have nothing to do with each other. */
  readonly apart: ReadonlyMap<number, readonly (readonly FleetSpan[])[]>;
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
  const each = { unit: 'µs', moreIsBetter: false } as const;
  const cost = (ms: number): number => (ms * 1000) / share;
  const fileSamples = file.map(({ serverMs }) => cost(serverMs));
  const alone = (fleets.get(1) ?? []).map((spans) => mean(spans));
  const figures: Figure[] = [{ ...each, what: `${what}, STORE=file`, samples: fileSamples, limit: bare }];
  for (const [count, rounds] of fleets) {
    const servers = count === 1 ? 'one server' : `${count} servers`;
    const least = GOALS.get(count);
    if (count === 1)
      figures.push({
        ...each,
        what: `${what}, STORE=redis, one server`,
        samples: alone.map(cost),
        limit: { what: 'STORE=file', samples: fileSamples },
        ...(mostAlone !== undefined && { goal: { of: 'ratio', most: mostAlone } }),
      });
    else
      figures.push({
        what: `${what}: ${servers} on a core each, a second`,
        unit: '1/s',
        samples: rounds.map((spans) => (share * count * 1000) / mean(spans)),
        limit: {
          what: `one of ${servers} apart`,
          samples: (apart.get(count) ?? []).map((spans) => (share * 1000) / mean(spans)),
        },
        ...(least !== undefined && { goal: { of: 'ratio', least } }),
        moreIsBetter: true,
      });
    figures.push({
      ...each,
      what: `the same, the engine's own, ${servers}`,
      samples: rounds.map((spans) => cost(sum(spans.map(({ engineMs }) => engineMs))) / count ** 2),
    });
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

/** Each server has its part of the devices by their hash: of many devices, all have as many. */
function mean(spans: readonly FleetSpan[]): number {
  return sum(spans.map(({ serverMs }) => serverMs)) / spans.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
