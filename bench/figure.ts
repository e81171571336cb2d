/** The least or the most that a figure should be. The benchmark reports it and never fails because of it. */
export interface Goal {
  readonly of: 'ratio' | 'value';
  readonly least?: number;
  readonly most?: number;
}

/** The limit that was measured in the same rounds. */
export interface Limit {
  readonly what: string;
  readonly samples: readonly number[];
}

/** One row of the table: a sample for each round and, if there is a limit, the sample of the limit in the same round. */
export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly samples: readonly number[];
  readonly limit?: Limit | undefined;
  readonly goal?: Goal;
  /** True if more is better, false if less is. */
  readonly moreIsBetter: boolean;
}

/** What the table shows of a figure. */
export interface Summary {
  readonly what: string;
  readonly unit: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly limit?: { readonly what: string; readonly median: number };
  /** The median of the ratios round by round. */
  readonly ratio?: number;
  readonly goal?: Goal;
  readonly meetsGoal?: boolean;
  readonly moreIsBetter: boolean;
}

export function summarise({ samples, limit, goal, ...figure }: Figure): Summary {
  const ratios = limit?.samples.map((one, round) => (samples[round] as number) / one);
  const ratio = ratios && median(ratios);
  const held = goal?.of === 'ratio' ? ratio : median(samples);
  return {
    ...figure,
    median: median(samples),
    least: Math.min(...samples),
    most: Math.max(...samples),
    ...(limit && { limit: { what: limit.what, median: median(limit.samples) } }),
    ...(ratio !== undefined && { ratio }),
    ...(goal && held !== undefined && { goal, meetsGoal: meets(goal, held) }),
  };
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** @param share of the values that are less, from 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const [below, above] = [sorted[Math.floor(at)] as number, sorted[Math.ceil(at)] as number];
  return below + (above - below) * (at - Math.floor(at));
}

function meets({ least = -Infinity, most = Infinity }: Goal, value: number): boolean {
  return value >= least && value <= most;
}
